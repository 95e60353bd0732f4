import { itemRules } from './item-rules.ts';
import { needsOf } from './moment.ts';
import type { Gate, GateItem } from './schema.ts';

export interface PlanProblem {
  /** Path in the gate file. */
  path: (string | number)[];
  message: string;
  hint?: string;
}

export interface Plan {
  /** Items by level: all that a level needs lies in the levels before it. */
  levels: GateItem[][];
  problems: PlanProblem[];
}

/** Orders the items of a gate and finds what makes the order impossible. Pure. */
export function planGate(gate: Gate): Plan {
  const problems = [...itemProblems(gate.items), ...needProblems(gate.items), ...itemRules(gate)];
  const needs = needsOf(gate);
  const needed = ({ id }: GateItem) => needs.get(id) ?? [];
  const levels: GateItem[][] = [];
  const done = new Set<string>();
  let waiting = gate.items;
  while (waiting.length > 0) {
    const ready = waiting.filter((item) => needed(item).every((need) => done.has(need)));
    if (ready.length === 0) {
      problems.push(cycleProblem(gate.items, waiting, needed));
      break;
    }
    levels.push(ready);
    for (const { id } of ready) done.add(id);
    waiting = waiting.filter((item) => !ready.includes(item));
  }
  return { levels, problems };
}

function itemProblems(items: readonly GateItem[]): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const at = (...rest: (string | number)[]) => ['items', index, ...rest];
    if (seen.has(item.id)) problems.push({ path: at('id'), message: `there are two items \`${item.id}\`` });
    seen.add(item.id);
    if ((item.check === undefined) === (item.attest === undefined)) {
      problems.push({
        path: at(),
        message: `the item \`${item.id}\` needs either \`check\` or \`attest\``,
        hint: 'a machine measures (`check`), or a person of a role attests (`attest`)',
      });
    }
    if (item.attest && (item.with || item.expect || item.retries || item.settle || item.watch)) {
      problems.push({
        path: at(),
        message: `\`${item.id}\` is attested by a person: it takes no with, expect, retries, settle or watch`,
      });
    }
    for (const about of item.attest?.about ?? []) {
      if (!items.some(({ id }) => id === about)) {
        problems.push({ path: at('attest', 'about'), message: `there is no item \`${about}\`` });
      }
    }
  }
  return problems;
}

function needProblems(items: readonly GateItem[]): PlanProblem[] {
  return items.flatMap((item, index) =>
    (item.needs ?? []).flatMap((need, position) => {
      const path = ['items', index, 'needs', position];
      if (need === item.id) return [{ path, message: `\`${item.id}\` needs itself` }];
      if (items.some(({ id }) => id === need)) return [];
      return [{ path, message: `\`${item.id}\` needs \`${need}\`, which is not an item of this gate` }];
    }),
  );
}

function cycleProblem(
  items: readonly GateItem[],
  waiting: readonly GateItem[],
  needed: (item: GateItem) => readonly string[],
): PlanProblem {
  const inCycle = new Map(waiting.map((item) => [item.id, item]));
  const path: string[] = [];
  let current = waiting[0];
  while (current && !path.includes(current.id)) {
    path.push(current.id);
    current = inCycle.get(needed(current).find((need) => inCycle.has(need)) ?? '');
  }
  const cycle = current ? [...path.slice(path.indexOf(current.id)), current.id] : path;
  const index = items.findIndex(({ id }) => id === cycle[0]);
  return {
    path: ['items', index, 'needs'],
    message: `these items need each other: ${cycle.join(' -> ')}`,
    hint: items.some(({ at }) => at)
      ? 'take one `needs` away; what is measured at the cutover comes after all else that the cutover needs, and before it'
      : 'take one `needs` away',
  };
}
