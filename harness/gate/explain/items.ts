import type { ItemReport, SignOff } from '../../report/schema.ts';
import type { Signers } from '../../sign/signers.ts';
import type { Gate } from '../schema.ts';
import { letsPass } from '../verdict.ts';
import { type Obstacle, obstacle, withRole } from './obstacle.ts';

export interface ItemsQuestion {
  /** As the user named it. */
  run: string;
  signOff: SignOff;
  gate: Gate | undefined;
  signers: Signers | undefined;
}

/** Root causes first: an item that only waits for another is told with the one that it waits for. */
export function itemObstacles(question: ItemsQuestion): Obstacle[] {
  const { items } = question.signOff;
  const roots = items.filter(({ state }) => !letsPass.has(state) && state !== 'blocked');
  const waiting = new Map<string, string[]>();
  for (const item of items.filter(({ state }) => state === 'blocked')) {
    for (const root of rootsOf(item, items)) waiting.set(root, [...(waiting.get(root) ?? []), item.id]);
  }
  const found = roots.map((item) => ({
    ...(item.state === 'pending' ? pending(item, question) : broken(item, question)),
    holds_up: waiting.get(item.id) ?? [],
  }));
  return [...undoProblems(items), ...inOrder(found, roots), ...orphans(items, waiting)];
}

/** What failed before what could not be told, and that before what waits for a person. */
function inOrder(found: readonly Obstacle[], roots: readonly ItemReport[]): Obstacle[] {
  const order = ['failed', 'error', 'pending'];
  const rank = ({ about }: Obstacle) => order.indexOf(roots.find(({ id }) => id === about)?.state ?? '');
  return [...found].sort((a, b) => rank(a) - rank(b));
}

/** Items that did not pass themselves, behind one that never began. */
function rootsOf(item: ItemReport, items: readonly ItemReport[], way: readonly string[] = []): string[] {
  const needs = items.filter(({ id, state }) => item.needs.includes(id) && !letsPass.has(state));
  return [
    ...new Set(
      needs.flatMap((need) => {
        if (need.state !== 'blocked') return [need.id];
        return way.includes(need.id) ? [] : rootsOf(need, items, [...way, need.id]);
      }),
    ),
  ];
}

/** Blocked by something that is no item, such as a halt of the run. */
function orphans(items: readonly ItemReport[], waiting: ReadonlyMap<string, readonly string[]>): Obstacle[] {
  const told = new Set([...waiting.values()].flat());
  return items
    .filter(({ id, state }) => state === 'blocked' && !told.has(id))
    .map(({ id, reason }) =>
      obstacle(id, reason ?? 'it never began', { todo: 'it begins in the next run, once the rest passes' }),
    );
}

/** What was changed and could not be put back: nothing in the list is more urgent. */
function undoProblems(items: readonly ItemReport[]): Obstacle[] {
  return items.flatMap(({ id, undo }) =>
    undo && undo.state !== 'passed'
      ? [
          obstacle(id, `what it changed is not undone: ${undo.reason ?? undo.state}`, {
            todo: 'put it back by hand, before anything else',
          }),
        ]
      : [],
  );
}

function broken(item: ItemReport, question: ItemsQuestion): Obstacle {
  const { run, signOff } = question;
  const hint = item.attempts.at(-1)?.error?.hint;
  const told = `${item.reason ?? item.state}`;
  const waivable = waiver(item, question);
  return obstacle(item.id, item.state === 'failed' ? told : `nothing could be told: ${told}`, {
    who: waivable?.who ?? [],
    todo: [
      item.attest ? 'settle it with the person who said no' : (hint ?? 'mend what it measures'),
      'then run the gate again',
      ...(waivable ? [waivable.todo] : []),
    ].join('; '),
    commands: [`countersign gate show ${run} ${item.id}`, runAgain(signOff), ...(waivable?.commands ?? [])],
  });
}

/** Only where the gate takes waivers at all, and never for a person's word. */
function waiver(
  item: ItemReport,
  { gate, signOff, signers }: ItemsQuestion,
): Pick<Obstacle, 'who' | 'todo' | 'commands'> | undefined {
  if (!gate?.waivers || item.attest || signOff.environment.rehearsal) return undefined;
  const { approve, at_most } = gate.waivers;
  const state = item.state === 'error' ? ' --state error' : '';
  return {
    who: withRole(signers, approve),
    todo: `or ask for a waiver of at most ${at_most}, which somebody else of the role ${approve} approves, and run it again`,
    commands: [
      `countersign waivers request ${signOff.gate.id} ${item.id}${state} --reason TEXT --expires ${at_most} --as PERSON`,
      'countersign waivers approve ID --as PERSON',
    ],
  };
}

function pending(item: ItemReport, { run, signers }: ItemsQuestion): Obstacle {
  const role = item.attest?.role ?? '';
  const who = withRole(signers, role);
  const about = item.attest?.about ?? [];
  const looked = about.length > 0 ? `look at ${about.join(', ')}, and ` : '';
  return obstacle(item.id, `it waits for a person: ${item.title}`, {
    who,
    todo: `somebody of the role ${role} has to ${looked}confirm or reject it`,
    commands: [
      ...about.map((id) => `countersign gate show ${run} ${id}`),
      ...(who.length > 0 ? who.map(({ id }) => id) : ['PERSON']).map(
        (id) => `countersign gate attest ${run} ${item.id} --as ${id}`,
      ),
    ],
  });
}

/** The command that made the run, without what was relaxed. */
export function runAgain({ gate, environment }: SignOff): string {
  return `countersign gate run ${gate.id} --env ${environment.name}`;
}
