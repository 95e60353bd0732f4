import { isDeepStrictEqual } from 'node:util';
import type { ItemReport, SignOff, WatchReport } from '../report/schema.ts';
import { firstFailed } from './halt.ts';
import { lookAtCutover, needsOf, whyNoCutover } from './moment.ts';
import { clocksDivided } from './relaxation.ts';
import type { Gate, GateItem } from './schema.ts';
import { judgeWatch, type WatchPlan, watchPlan } from './watch.ts';

/** What a report says that can't have come from a run of this gate: whoever wrote it is not to be believed. */
export function contradictions(gate: Gate, report: SignOff): string[] {
  const items = gate.items.flatMap((declared) => {
    const item = report.items.find(({ id }) => id === declared.id);
    if (!item) return [];
    return [
      ...watchContradictions(declared, item, report.run.rehearse),
      ...undoContradictions(declared, item, report),
      ...cutoverContradictions(gate, declared, item, report.items),
    ];
  });
  return [...rehearseContradictions(report), ...items, ...orderContradictions(report.items)];
}

/** A run that halts leaves out what has not begun, and nothing acts after something failed. */
export function wasLeftOut(item: ItemReport, declared: GateItem, { items }: SignOff): boolean {
  const nothing = item.attempts.length === 0 && !item.watch && !item.attest?.statement;
  const halted = declared.undo !== undefined || declared.cutover || items.some(({ undo }) => undo);
  return nothing && halted === true && firstFailed(items) !== undefined;
}

function undoContradictions({ undo }: GateItem, item: ItemReport, { items, run }: SignOff): string[] {
  const failed = firstFailed(items);
  if (!undo) return item.undo ? [`${item.id} was undone, and the gate does not say how`] : [];
  if (!item.undo) {
    if (!failed || item.attempts.length === 0 || run.aborted?.undo === false) return [];
    return [`${item.id} acted and ${failed.id} is ${failed.state}, and it was not undone`];
  }
  if (!failed) return [`${item.id} was undone, and nothing failed`];
  const texts = item.undo.attempts.map(({ expectations }) => expectations.map(({ text }) => text));
  const faithful = texts.every((each) => each.length === 0 || isDeepStrictEqual(each, undo.expect ?? each));
  return faithful ? [] : [`the undo of ${item.id} was not judged as the gate says`];
}

function cutoverContradictions(
  gate: Gate,
  declared: GateItem,
  { id, cutover, attempts }: ItemReport,
  items: readonly ItemReport[],
): string[] {
  if (!declared.cutover) return cutover ? [`${id} was the cutover, and the gate does not say so`] : [];
  if (!cutover) return attempts.length > 0 ? [`nobody looked at what was fresh when ${id} began`] : [];
  const again = lookAtCutover(gate, items, new Date(cutover.at));
  return [
    ...(isDeepStrictEqual(cutover.fresh, again)
      ? []
      : [`what was fresh when ${id} began is not what was measured`]),
    ...(whyNoCutover(cutover) && attempts.length > 0 ? [`${id} began although something was too old`] : []),
    ...(attempts.every(({ started_at }) => isBefore(cutover.at, started_at))
      ? []
      : [`${id} began before the cutover`]),
    ...gate.items.flatMap((other) => (other.at ? momentContradictions(gate, other, cutover.at, items) : [])),
  ];
}

/** What is measured at the cutover is measured after all else that the cutover needs, and before it. */
function momentContradictions(
  gate: Gate,
  { id }: GateItem,
  at: string,
  items: readonly ItemReport[],
): string[] {
  const needs = needsOf(gate).get(id) ?? [];
  const ended = items.flatMap((item) =>
    needs.includes(item.id) ? (item.attempts.at(-1)?.finished_at ?? []) : [],
  );
  const attempts = items.find((item) => item.id === id)?.attempts ?? [];
  const inTime = attempts.every(
    ({ started_at, finished_at }) =>
      isBefore(finished_at, at) && ended.every((end) => isBefore(end, started_at)),
  );
  return inTime ? [] : [`${id} was not measured at the cutover`];
}

function isBefore(earlier: string, later: string): boolean {
  return Date.parse(earlier) <= Date.parse(later);
}

/** What began last is undone first, and nothing is undone while something else still is. */
function orderContradictions(items: readonly ItemReport[]): string[] {
  const undone = items.flatMap(({ id, attempts, undo }) => {
    const [acted] = attempts;
    const [taken] = undo?.attempts ?? [];
    const last = undo?.attempts.at(-1);
    return acted && taken && last
      ? [{ id, began: acted.started_at, from: taken.started_at, until: last.finished_at }]
      : [];
  });
  return undone.flatMap((earlier) =>
    undone
      .filter((later) => later.began > earlier.began && later.until > earlier.from)
      .map((later) => `${earlier.id} was undone before ${later.id}, which began after it`),
  );
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
