import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkTold } from '../sign/verify/told.ts';
import { killedWith } from '../testing/acting-project.ts';
import { abortLong, cutBack, longGate, resumeLong, runLong } from '../testing/interrupted-run.ts';
import { readJournal } from './journal.ts';
import { recompute } from './recompute.ts';
import type { GateRun } from './session.ts';

let root: string;
let whole: GateRun;
beforeAll(async () => {
  root = await longGate({
    one: { check: 'look' },
    act: { check: 'act', needs: ['one'], undo: { check: 'act' } },
    last: { check: 'look', needs: ['act'] },
  });
  whole = await runLong(root);
});

/** The run as it was when its runner was killed with this in the last line of its journal. */
async function killedAt(text: string): Promise<string> {
  const bytes = await readFile(join(whole.folder, 'journal.jsonl'));
  return cutBack(root, whole.folder, bytes.indexOf('\n', bytes.indexOf(text)) + 1);
}

/** As if whoever ended it had been killed after the first line of that type. */
async function killedAfter(folder: string, type: string): Promise<void> {
  const lines = readJournal(await readFile(join(folder, 'journal.jsonl')));
  const last = lines.find((line) => line.type === type)?.seq ?? 0;
  expect(last).toBeGreaterThan(0);
  await killedWith(folder, ({ seq }) => seq <= last);
}

const executed = async (copy: string) =>
  (await readFile(join(copy, 'executed.log'), 'utf8')).trim().split('\n');
const states = ({ statement }: GateRun) => statement.predicate.items.map(({ state }) => state);

async function expectSound({ folder, statement }: GateRun): Promise<void> {
  const { decision, items } = statement.predicate;
  expect(await recompute(folder, statement)).toMatchObject({
    decision,
    items: items.map(({ id, state }) => ({ id, state })),
  });
}

describe('a run that is aborted', () => {
  it('ends for good: what did not end is an error, nothing is measured, and nobody goes on with it', async () => {
    const copy = await killedAt('"attempt-started","data":{"id":"act"');
    const before = await executed(copy);
    const run = await abortLong(copy, false);
    expect(states(run)).toEqual(['passed', 'error', 'blocked']);
    expect(run.statement.predicate.decision).toBe('INCONCLUSIVE');
    expect(run.statement.predicate.items[1]).toMatchObject({ reason: 'aborted by ada' });
    expect(run.statement.predicate.release.notes).toContain('ada aborted the run');
    expect(await executed(copy)).toEqual(before);
    await expectSound(run);
    await expect(resumeLong(copy)).rejects.toMatchObject({ code: 'RUN_FROZEN' });
    await expect(abortLong(copy, false)).rejects.toMatchObject({ code: 'RUN_FROZEN' });
  });

  it('with --undo takes back what was begun, also what may not have taken effect', async () => {
    const copy = await killedAt('"attempt-started","data":{"id":"act"');
    const before = await executed(copy);
    const run = await abortLong(copy, true);
    expect(states(run)).toEqual(['passed', 'error', 'blocked']);
    expect(run.statement.predicate.items[1]?.undo).toMatchObject({ state: 'passed' });
    expect(await executed(copy)).toHaveLength(before.length + 1);
    await expectSound(run);
  });

  it.each([
    ['while it took things back', true, 'undo-started', false],
    ['with its report to come', true, 'run-finished', false],
    ['with its report to come and nothing to undo', false, 'run-finished', false],
    ['before another person has it undone, too', false, 'run-aborted', true],
  ])('can be ended %s', async (_when, first, last, again) => {
    const copy = await killedAt('"attempt-started","data":{"id":"act"');
    const { folder } = await abortLong(copy, first);
    await killedAfter(folder, last);
    await expect(resumeLong(copy)).rejects.toMatchObject({ code: 'RUN_FROZEN' });
    const run = await abortLong(copy, again);
    expect(states(run)).toEqual(['passed', 'error', 'blocked']);
    const { items, run: about } = run.statement.predicate;
    expect(about.aborted).toEqual({ who: 'ada', undo: first || again });
    expect(items[1]?.undo?.state).toBe(first || again ? 'passed' : undefined);
    await expectSound(run);
    const lines = readJournal(await readFile(join(folder, 'journal.jsonl')));
    expect(checkTold(run.statement.predicate, lines).filter(({ ok }) => !ok)).toEqual([]);
  });

  it('is not one whose items have all ended: a release that passed is not taken back in its own report', async () => {
    const copy = await killedAt('"item-finished","data":{"id":"last"');
    await expect(abortLong(copy, true)).rejects.toMatchObject({ code: 'RUN_FROZEN' });
    expect((await resumeLong(copy)).statement.predicate.decision).toBe('REHEARSAL_GO');
  });
});

describe('a local stack that ended with its run', () => {
  it('is not replaced by another one: what was measured says nothing about that', async () => {
    const own = await longGate(
      { one: { check: 'look' }, two: { check: 'look', needs: ['one'] } },
      {},
      { stack: { services: [] } },
    );
    const run = await runLong(own);
    const bytes = await readFile(join(run.folder, 'journal.jsonl'));
    const end = bytes.indexOf('\n', bytes.indexOf('"item-finished","data":{"id":"one"')) + 1;
    await expect(resumeLong(await cutBack(own, run.folder, end))).rejects.toMatchObject({
      code: 'STACK_FAILED',
      hint: expect.stringContaining('`countersign stack up` first'),
    });
    const unmeasured = bytes.indexOf('\n', bytes.indexOf('"stack-used"')) + 1;
    const { statement } = await resumeLong(await cutBack(own, run.folder, unmeasured));
    expect(statement.predicate.decision).toBe('REHEARSAL_GO');
  });
});

describe('an item that writes and was cut off', () => {
  const acts = async (copy: string) => (await executed(copy)).filter((item) => item === 'act').length;
  const cut = () => killedAt('"attempt-started","data":{"id":"act"');

  it('is not run again by itself: a person says so, and the report names who', async () => {
    const copy = await cut();
    await expect(resumeLong(copy)).rejects.toMatchObject({
      code: 'RUN_UNDECIDED',
      hint: expect.stringContaining('--repeat act'),
    });
    expect(await acts(copy)).toBe(1);
    const run = await resumeLong(copy, { repeat: ['act'] });
    expect(await acts(copy)).toBe(2);
    expect(run.statement.predicate.release.notes.join()).toContain('ada had `act` run again');
    await expectSound(run);
  });

  it('given up it is an error and is not run, what needs it is blocked, and its undo is run', async () => {
    const copy = await cut();
    const run = await resumeLong(copy, { giveUp: ['act'] });
    expect(run.statement.predicate.items[1]?.undo).toMatchObject({ state: 'passed' });
    expect(await acts(copy), 'the item, and its undo').toBe(2);
    expect(states(run)).toEqual(['passed', 'error', 'blocked']);
    expect(run.statement.predicate.items[1]?.reason).toContain('it may have run');
    expect(run.statement.predicate.release.notes.join()).toContain('ada gave `act` up');
    await expectSound(run);
  });

  it('what was not cut off can not be decided, nor one item both ways', async () => {
    const copy = await cut();
    await expect(resumeLong(copy, { repeat: ['one'] })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(resumeLong(copy, { repeat: ['act'], giveUp: ['act'] })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});
