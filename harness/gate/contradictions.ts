import { isDeepStrictEqual } from 'node:util';
import type { ItemReport, SignOff, WatchReport } from '../report/schema.ts';
import { clocksDivided } from './relaxation.ts';
import type { Gate, GateItem } from './schema.ts';
import { judgeWatch, type WatchPlan, watchPlan } from './watch.ts';

/** What a report says that can't have come from a run of this gate: whoever wrote it is not to be believed. */
export function contradictions(gate: Gate, report: SignOff): string[] {
  const items = gate.items.flatMap((declared) => {
    const item = report.items.find(({ id }) => id === declared.id);
    return item ? watchContradictions(declared, item, report.run.rehearse) : [];
  });
  return [...rehearseContradictions(report), ...items];
}

function rehearseContradictions({ run, relaxations }: SignOff): string[] {
  if (run.rehearse === undefined || relaxations.includes(clocksDivided(run.rehearse))) return [];
  return [`its clocks were divided by ${run.rehearse}, and its relaxations do not say so`];
}

function watchContradictions(declared: GateItem, item: ItemReport, rehearse: number | undefined): string[] {
  const { watch, attempts, id } = item;
  if (!declared.watch) return watch ? [`${id} was watched, and the gate does not say so`] : [];
  if (!watch) return attempts.length > 0 ? [`${id} has no samples, and the gate says to watch it`] : [];
  const plan = watchPlan(declared.watch, rehearse);
  const wrong = (what: string) => `the watch of ${id} ${what}`;
  return [
    ...(watch.for_ms === plan.forMs && watch.every_ms === plan.everyMs
      ? []
      : [wrong('was shorter or rarer than the gate says')]),
    ...(isFigured(plan, watch) ? [] : [wrong('does not add up to what its samples say')]),
    ...(isDeepStrictEqual(attempts, watch.samples.slice(-1))
      ? []
      : [wrong('ended with another sample than its last')]),
  ];
}

function isFigured(plan: WatchPlan, watch: WatchReport): boolean {
  const { observedMs, failed, errors } = judgeWatch(plan, watch.samples);
  return (
    watch.observed_ms === observedMs &&
    watch.failed === failed &&
    watch.errors === errors &&
    watch.started_at === watch.samples[0]?.started_at &&
    watch.ended_at === watch.samples.at(-1)?.finished_at
  );
}
