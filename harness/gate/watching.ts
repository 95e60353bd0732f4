import { formatDuration } from '../config/duration.ts';
import { messageOf } from '../errors.ts';
import type { ItemReport } from '../report/schema.ts';
import { asReported, forLaterRunners, type Judged, measureOnce, throwIfBrokenOff } from './attempts.ts';
import type { LoadedItem } from './load.ts';
import { pause } from './pause.ts';
import type { RunState } from './run.ts';
import type { WatchSettings } from './schema.ts';
import { isLastSample, judgeWatch, nextSampleAt, type WatchPlan, watchPlan, whyTooLarge } from './watch.ts';

/**
 * Measures again and again until the time is over or a limit is passed; samples that earlier runners took count. Only
 * while it measures does it take one of the run's places.
 */
export async function watched(
  run: RunState,
  item: LoadedItem,
  settings: WatchSettings,
  base: ItemReport,
): Promise<ItemReport> {
  const { input, restored, signal } = run;
  const plan = watchPlan(settings, input.rehearse);
  const simulated = new Set(restored.simulated.get(item.id) ?? []);
  const samples = [...(restored.watches.get(item.id)?.samples ?? [])];
  const given = restored.givenUp.get(item.id);
  let large: string | undefined;
  while (given === undefined && judgeWatch(plan, samples).going && (await isDue(run, plan, samples))) {
    large = samples[0] && whyTooLarge(plan, JSON.stringify(samples[0]).length);
    if (large) break;
    const sample = await run.limit(() => takeSample(run, item, { plan, samples, simulated }));
    if (!sample) break;
    samples.push(sample);
    input.listener.progress(item, progressOf(plan, samples));
  }
  const judged = judgeWatch(plan, samples);
  const broken = given ?? large ?? (signal.aborted ? messageOf(signal.reason) : undefined);
  const stopped = judged.going && broken !== undefined ? `${broken}: ` : '';
  const cause = samples.findLast(({ state }) => state !== 'passed')?.reason;
  const reason = judged.reason && `${stopped}${judged.reason}${cause && !stopped ? `: ${cause}` : ''}`;
  return {
    ...base,
    state: judged.state,
    ...(reason ? { reason } : {}),
    attempts: samples.slice(-1).map(asReported),
    ...(samples[0] ? { watch: figures(plan, samples) } : {}),
    simulated: [...simulated].sort(),
  };
}

/** False where the run is stopped before. */
async function isDue(
  { input, signal }: RunState,
  plan: WatchPlan,
  samples: readonly Judged[],
): Promise<boolean> {
  const at = nextSampleAt(plan, samples) ?? 0;
  for (;;) {
    const left = at - input.clock.now().getTime();
    if (signal.aborted || left <= 0) return !signal.aborted;
    await pause(left, signal);
  }
}

interface Taken {
  plan: WatchPlan;
  samples: readonly Judged[];
  simulated: Set<string>;
}

async function takeSample(
  run: RunState,
  item: LoadedItem,
  { plan, samples, simulated }: Taken,
): Promise<Judged | undefined> {
  const { input, signal } = run;
  const { made, forget } = await measureOnce(run, item, { attempt: samples.length + 1, signal, simulated });
  throwIfBrokenOff(input, made);
  // Cut off by the end of the run, it has measured nothing, and says nothing about what is watched.
  if (signal.aborted && made.state === 'error') {
    forget();
    return undefined;
  }
  const [first] = samples;
  const dull = first && made.state === 'passed' && !isLastSample(plan, first, made);
  if (dull) forget();
  const sample = dull ? { ...made, artifacts: [] } : made;
  const line = { id: item.id, ...sample, ...forLaterRunners(input, simulated) };
  await input.journal.append('watch-sample', line);
  return sample;
}

function figures(plan: WatchPlan, samples: readonly Judged[]): NonNullable<ItemReport['watch']> {
  const { observedMs, failed, errors } = judgeWatch(plan, samples);
  return {
    for_ms: plan.forMs,
    every_ms: plan.everyMs,
    started_at: samples[0]?.started_at ?? '',
    ended_at: samples.at(-1)?.finished_at ?? '',
    observed_ms: observedMs,
    failed,
    errors,
    samples: samples.map(asReported),
  };
}

function progressOf(plan: WatchPlan, samples: readonly Judged[]): string {
  const { failed, errors, observedMs } = judgeWatch(plan, samples);
  const bad = [failed > 0 ? `${failed} failed` : '', errors > 0 ? `${errors} could not measure` : ''];
  const seen = `${formatDuration(Math.round(observedMs / 1000) * 1000)} of ${formatDuration(plan.forMs)} seen`;
  return [seen, ...bad.filter((part) => part !== '')].join(', ');
}
