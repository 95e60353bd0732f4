import { CountersignError, messageOf } from '../../errors.ts';
import type { Connection, Difference, Wanted } from './define.ts';
import { Uncertain } from './exchange.ts';

export interface Applied {
  kind: Difference['kind'];
  check: string;
  /** Absent: it was done. */
  problem?: string;
}

export interface ApplyOptions {
  /** Without it nothing is deleted. */
  prune: boolean;
  onDone(applied: Applied): void;
}

/**
 * Carries out a plan, one change after the other. A check that fails does not keep the others from being deployed;
 * what was not done is done by the next run.
 */
export async function applyPlan(
  connection: Connection,
  differences: readonly Difference[],
  { prune, onDone }: ApplyOptions,
): Promise<Applied[]> {
  const todo = differences.filter(({ kind }) => prune || kind !== 'delete');
  await connection.prepare?.(todo.flatMap((each) => ('wanted' in each ? [each.wanted] : [])));
  const done: Applied[] = [];
  for (const difference of todo) {
    const { kind, check } = difference;
    const problem = await carryOut(connection, difference).then(() => undefined, explained);
    const applied = { kind, check, ...(problem === undefined ? {} : { problem }) };
    onDone(applied);
    done.push(applied);
  }
  await settle(connection, todo, done);
  return done;
}

async function settle(connection: Connection, todo: readonly Difference[], done: Applied[]): Promise<void> {
  const markers = todo.flatMap((each, index) =>
    each.kind === 'create' && done[index]?.problem === undefined ? [each.wanted.marker] : [],
  );
  if (markers.length === 0 || !connection.settled) return;
  const missing = new Set(await connection.settled(markers));
  for (const [index, each] of todo.entries()) {
    if (each.kind !== 'create' || !missing.has(each.wanted.marker)) continue;
    done[index] = {
      kind: each.kind,
      check: each.check,
      problem: 'it was created, but is not found yet; wait before the next run',
    };
  }
}

async function carryOut(connection: Connection, difference: Difference): Promise<void> {
  if (difference.kind === 'create') await createOnce(connection, difference.wanted);
  else if (difference.kind === 'delete') await connection.remove(difference.found);
  else if (!difference.replace) await connection.update(difference.found, difference.wanted);
  else {
    await connection.remove(difference.found);
    await createOnce(connection, difference.wanted);
  }
}

const triesOfCreate = 4;

/** No service has a key that makes a creation safe to repeat: what may have been made is looked for first. */
async function createOnce(connection: Connection, wanted: Wanted): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await connection.create(wanted);
    } catch (thrown) {
      if (!(thrown instanceof Uncertain)) throw thrown;
      const there = (await connection.list()).find(({ marker }) => marker === wanted.marker);
      if (there) return connection.update(there, wanted);
      if (tried >= triesOfCreate) throw thrown;
    }
  }
}

function explained(thrown: unknown): string {
  if (thrown instanceof CountersignError && thrown.code !== 'INTERRUPTED') return thrown.message;
  if (thrown instanceof CountersignError) throw thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError') throw thrown;
  return messageOf(thrown);
}
