/** Seconds of every frequency, and the name of its constant. */
const frequencies: readonly (readonly [seconds: number, name: string])[] = [
  [10, 'EVERY_10S'],
  [20, 'EVERY_20S'],
  [30, 'EVERY_30S'],
  [60, 'EVERY_1M'],
  [120, 'EVERY_2M'],
  [300, 'EVERY_5M'],
  [600, 'EVERY_10M'],
  [900, 'EVERY_15M'],
  [1_800, 'EVERY_30M'],
  [3_600, 'EVERY_1H'],
  [7_200, 'EVERY_2H'],
  [10_800, 'EVERY_3H'],
  [21_600, 'EVERY_6H'],
  [43_200, 'EVERY_12H'],
  [86_400, 'EVERY_24H'],
];

export interface FrequencyFields {
  /** Minutes; 0 for less than one. */
  frequency: number;
  /** Seconds, where the frequency is less than a minute. */
  frequencyOffset?: number;
}

/** The lowest frequency at which a check runs at least as often as every so many seconds, or the highest there is. */
export function frequencyBelow(seconds: number): FrequencyFields & { seconds: number } {
  const [own = 10] = frequencies.findLast(([each]) => each <= seconds) ?? [];
  return own < 60
    ? { seconds: own, frequency: 0, frequencyOffset: own }
    : { seconds: own, frequency: own / 60 };
}

export function secondsOf({ frequency, frequencyOffset }: FrequencyFields): number {
  return frequency === 0 ? (frequencyOffset ?? 10) : frequency * 60;
}

/** `EVERY_5M`; undefined for what has no constant. */
export function frequencyName(fields: FrequencyFields): string | undefined {
  const seconds = secondsOf(fields);
  return frequencies.find(([each]) => each === seconds)?.[1];
}
