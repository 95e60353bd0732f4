import { formatDuration, parseDuration } from '../config/duration.ts';
import { needsOf } from './moment.ts';
import type { PlanProblem } from './plan.ts';
import type { FreshSettings, Gate, GateItem, WatchSettings } from './schema.ts';

const NO_CUTOVER = 'no item of this gate is the cutover';
const CUTOVER_HINT = 'mark the item with which the release goes live: `cutover: true`';

type Refuse = (field: readonly (string | number)[], message: string, hint?: string) => void;

const DEFAULT_DEADLINE = '1h';
/** Each sample stands in the report with its facts. */
const MOST_SAMPLES = 10_000;

/** Fields of items that make no sense together, each with its place. Pure. */
export function itemRules(gate: Gate): PlanProblem[] {
  const problems: PlanProblem[] = [];
  for (const [index, item] of gate.items.entries()) {
    const refuse: Refuse = (field, message, hint) => {
      problems.push({ path: ['items', index, ...field], message, ...(hint ? { hint } : {}) });
    };
    if (item.watch) watchRules(item, item.watch, gate, refuse);
    momentRules(item, gate, refuse);
    if (item.fresh) freshRules(item, item.fresh, gate, refuse);
  }
  return problems;
}

function momentRules(item: GateItem, { items }: Gate, refuse: Refuse): void {
  const cutover = items.find((candidate) => candidate.cutover);
  if (item.cutover && cutover !== item)
    refuse(['cutover'], `\`${cutover?.id}\` is the cutover already`, 'a release goes live once');
  for (const field of ['cutover', 'at'] as const) {
    if (!item[field]) continue;
    if (item.attest)
      refuse([field], `\`${item.id}\` is answered by a person after the run, and the cutover is in it`);
    if (item.watch) refuse([field], `\`${item.id}\` is watched for a while, and the cutover is a moment`);
  }
  if (item.at && item.cutover) refuse(['at'], `\`${item.id}\` is the cutover itself`, 'take `at` away');
  if (item.at && !cutover) refuse(['at'], NO_CUTOVER, CUTOVER_HINT);
}

function freshRules(item: GateItem, fresh: FreshSettings, gate: Gate, refuse: Refuse): void {
  const at = (field: string) => ['fresh', field];
  if (parseDuration(fresh.within) === 0)
    refuse(at('within'), 'nothing is that fresh', 'such as `within: 2h`');
  if (fresh.at !== 'cutover') return;
  const cutover = gate.items.find((candidate) => candidate.cutover);
  if (!cutover) refuse(at('at'), NO_CUTOVER, CUTOVER_HINT);
  else if (item.at || item.cutover)
    refuse(at('at'), `\`${item.id}\` is measured at the cutover, so it is always fresh then`);
  else if (item.attest)
    refuse(at('at'), `\`${item.id}\` is answered by a person after the run, and the cutover is in it`);
  else if (!comesBefore(item.id, cutover.id, needsOf(gate))) {
    const hint = `add \`${item.id}\` to the \`needs\` of \`${cutover.id}\``;
    refuse(
      at('at'),
      `\`${cutover.id}\` does not wait for \`${item.id}\`, so its age then is not known`,
      hint,
    );
  }
}

function comesBefore(id: string, later: string, needs: ReadonlyMap<string, readonly string[]>): boolean {
  const seen = new Set<string>();
  const waiting = [later];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    waiting.push(...(needs.get(next) ?? []));
  }
  return seen.has(id);
}

function watchRules(item: GateItem, watch: WatchSettings, gate: Gate, refuse: Refuse): void {
  for (const field of ['retries', 'settle', 'flaky'] as const) {
    if (item[field] === undefined) continue;
    const hint =
      'a watch measures again by itself: `failures` and `consecutive_errors` say what it puts up with';
    refuse([field], `\`${item.id}\` is watched, so \`${field}\` has no say`, hint);
  }
  const every = parseDuration(watch.every);
  const span = parseDuration(watch.for);
  const deadline = parseDuration(gate.timeout ?? DEFAULT_DEADLINE);
  const at = (field: string) => ['watch', field];
  if (every === 0) refuse(at('every'), 'a watch needs a time between its samples', 'such as `every: 30s`');
  if (span === 0) refuse(at('for'), 'a watch of no time sees nothing', 'such as `for: 15m`');
  if (every === 0 || span === 0) return;
  if (every > span) {
    const message = `it measures each ${watch.every}, and ends after ${watch.for}`;
    refuse(
      at('every'),
      message,
      '`every` is the time from one sample to the next; make it shorter than `for`',
    );
    return;
  }
  const samples = Math.floor(span / every) + 1;
  if (samples > MOST_SAMPLES) {
    const hint = `at most ${MOST_SAMPLES}: measure less often`;
    refuse(at('every'), `${samples} samples would not fit into the report`, hint);
  }
  if ((watch.failures ?? 0) >= samples) {
    const message = `only ${samples} samples are taken, and ${watch.failures} may fail: it could never fail`;
    refuse(at('failures'), message);
  }
  if (span >= deadline) {
    const message = `it watches for ${watch.for}, and the run ends after ${formatDuration(deadline)}`;
    refuse(at('for'), message, 'raise `timeout` of the gate');
  }
}
