import { formatDuration, parseDuration } from '../config/duration.ts';
import type { PlanProblem } from './plan.ts';
import type { Gate, GateItem, WatchSettings } from './schema.ts';

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
  }
  return problems;
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
