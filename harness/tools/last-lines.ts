/** The end of a text, for an error message: the last lines that say anything. */
export function lastLines(text: string, count: number): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-count).join('\n').slice(-2_000);
}
