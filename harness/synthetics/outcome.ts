import type { Observation, ProbeState } from './observation.ts';

export type Counts = Record<ProbeState, number> & { total: number };

export function countStates(observations: readonly Observation[]): Counts {
  const counts: Counts = { total: observations.length, passed: 0, flaky: 0, failed: 0, error: 0 };
  for (const { state } of observations) counts[state] += 1;
  return counts;
}

/** What one run of all checks amounts to: what failed outweighs what could not be probed; nothing is no pass. */
export function stateOfRun({ total, failed, error }: Counts): 'passed' | 'failed' | 'error' {
  if (failed > 0) return 'failed';
  return error > 0 || total === 0 ? 'error' : 'passed';
}

/** `5 passed, 1 flaky`, only what there is. */
export function countsText(counts: Counts): string {
  const shown = (['passed', 'flaky', 'failed', 'error'] as const).filter((state) => counts[state] > 0);
  return shown.map((state) => `${counts[state]} ${state}`).join(', ') || 'nothing probed';
}
