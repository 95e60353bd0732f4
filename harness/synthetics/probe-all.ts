import type { Check } from './definition.ts';
import type { Observation } from './observation.ts';
import { Connections } from './probe/connections.ts';
import type { ProbeContext } from './probe/context.ts';
import { probe } from './probe/probe.ts';

export interface Pace {
  /** How many are probed at the same time, at most. */
  concurrency: number;
  /** Is `connection: kept` meant by http checks that say nothing of it? Default false. */
  keepConnections?: boolean;
  /** Called after each, in the order in which they end. */
  onObservation?(observation: Observation): void;
}

/**
 * Probes every check once, in any order; gives what was seen in the order of the checks. Connections that are kept
 * are shared among these checks, and end with the last of them.
 */
export async function probeAll(
  checks: readonly Check[],
  context: ProbeContext,
  { concurrency, keepConnections = false, onObservation }: Pace,
): Promise<Observation[]> {
  const connections = new Connections();
  const sharing = { ...context, connections };
  const observations = new Array<Observation>(checks.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < checks.length; index = next++) {
      const check = checks[index];
      if (!check) return;
      const observation = await probe(keepConnections ? keeping(check) : check, sharing);
      observations[index] = observation;
      onObservation?.(observation);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, checks.length) }, work));
  } finally {
    connections.close();
  }
  return observations;
}

function keeping(check: Check): Check {
  if (check.type !== undefined && check.type !== 'http') return check;
  return { ...check, connection: check.connection ?? 'kept' };
}
