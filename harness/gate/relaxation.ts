/** The line of a report whose run had its clocks divided: watches, and the intervals and rules of the local stack. */
export function clocksDivided(by: number): string {
  return `intervals and durations of the local stack were divided by ${by}`;
}
