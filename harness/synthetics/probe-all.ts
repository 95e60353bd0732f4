import type { Check } from './definition.ts';
import type { Observation } from './observation.ts';
import type { ProbeContext } from './probe/context.ts';
import { probe } from './probe/probe.ts';

export interface Pace {
  /** How many are probed at the same time, at most. */
  concurrency: number;
  /** Called after each, in the order in which they end. */
  onObservation?(observation: Observation): void;
}

/** Probes every check once, in any order; gives what was seen in the order of the checks. */
export async function probeAll(
  checks: readonly Check[],
  context: ProbeContext,
  { concurrency, onObservation }: Pace,
): Promise<Observation[]> {
  const observations = new Array<Observation>(checks.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < checks.length; index = next++) {
      const check = checks[index];
      if (!check) return;
      const observation = await probe(check, context);
      observations[index] = observation;
      onObservation?.(observation);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, checks.length) }, work));
  return observations;
}
