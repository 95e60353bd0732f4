import { parseDuration } from '../config/duration.ts';
import type { ItemReport } from '../report/schema.ts';
import { type Judged, type Measure, retryAfter } from './attempts.ts';
import type { LoadedItem } from './load.ts';
import { pause } from './pause.ts';
import type { RunState } from './run.ts';

/**
 * A declared wait is no retry: what passes in time has passed, and what did not is judged by its last measurement. A
 * runner that goes on with a run begins the wait anew.
 */
export async function untilSettled(
  { input, restored, signal }: RunState,
  item: LoadedItem,
  measure: Measure,
): Promise<{ made: Judged[]; settled: NonNullable<ItemReport['settled']> }> {
  const { clock, listener } = input;
  const most = parseDuration(item.settle ?? '0s');
  const before = restored.attempts.get(item.id)?.length ?? 0;
  const from = clock.monotonic();
  for (let measurements = before + 1; ; measurements += 1) {
    const attempt = await measure(measurements);
    const waited = Math.round(clock.monotonic() - from);
    const over = attempt.state === 'passed' || waited + retryAfter(item) > most;
    if (!over) {
      listener.progress(item, attempt.reason ?? attempt.state);
      await pause(retryAfter(item), signal);
    }
    // Stopped while it waited: what was measured last stands, and no measurement is begun to be cut off.
    if (over || signal.aborted) {
      listener.attempted(item, attempt);
      return { made: [attempt], settled: { measurements, waited_ms: waited } };
    }
  }
}
