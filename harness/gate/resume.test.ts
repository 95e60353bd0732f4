import { execFileSync } from 'node:child_process';
import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../commands/clock.ts';
import { folderProblems } from '../sign/folder.ts';
import { abortLong, cutBack, longGate, resumeLong, runLong, TOKEN } from '../testing/interrupted-run.ts';
import { wrongWith } from '../testing/verify-run.ts';
import { readJournal } from './journal.ts';
import { recompute } from './recompute.ts';
import { lockRun } from './run-folder.ts';
import type { GateRun } from './session.ts';

/** Many short runs on a machine that may be busy. */
vi.setConfig({ testTimeout: 60_000 });

const journalOf = (folder: string) => readFile(join(folder, 'journal.jsonl'));
const states = ({ statement }: GateRun) =>
  Object.fromEntries(statement.predicate.items.map(({ id, state }) => [id, state]));
const executed = async (root: string, item: string) =>
  (await readFile(join(root, 'executed.log'), 'utf8')).split('\n').filter((line) => line === item).length;

/** Runs to its end, once; each test cuts a copy back to where a runner was killed. */
let root: string;
let whole: GateRun;
let bytes: Buffer;
beforeAll(async () => {
  root = await longGate({
    one: { check: 'look' },
    act: { check: 'act', needs: ['one'] },
    shaky: { check: 'look', expect: ['seen == 2'], retries: 1, retry_after: '1ms' },
    last: { check: 'look', needs: ['act'] },
  });
  whole = await runLong(root);
  bytes = await journalOf(whole.folder);
});

/** Bytes of the journal up to and with the first line that holds the text, or up to the one before it. */
function upTo(text: string, how: 'with' | 'before' = 'with'): number {
  const at = bytes.indexOf(text);
  expect(at, text).toBeGreaterThan(0);
  return how === 'with' ? bytes.indexOf('\n', at) + 1 : bytes.lastIndexOf('\n', at) + 1;
}

/** Every file is where the report says, the chain holds, and the facts give the same verdict again. */
async function expectSound({ folder, statement }: GateRun): Promise<void> {
  const { evidence, journal, items, decision } = statement.predicate;
  const expected = { signed: false, signers: [], evidence: evidence.files.map(({ sha256 }) => sha256) };
  expect(await folderProblems(folder, expected)).toEqual([]);
  expect(readJournal(await journalOf(folder)).at(-1)).toMatchObject({
    seq: journal.lines,
    hash: journal.head,
  });
  expect(await recompute(folder, statement)).toMatchObject({
    decision,
    items: items.map(({ id, state }) => ({ id, state })),
  });
  expect(await wrongWith({ folder, statement })).toEqual([]);
  expect((await journalOf(folder)).includes(TOKEN)).toBe(false);
}

describe('a run that is gone on with', () => {
  it('ends with the same verdict and the same evidence, wherever its journal was cut off', async () => {
    const first = upTo('"run-started"');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: first, max: bytes.length }), async (length) => {
        const copy = await cutBack(root, whole.folder, length);
        const kept = bytes.subarray(0, bytes.subarray(0, length).lastIndexOf('\n') + 1);
        const before = readJournal(kept);
        const act = before
          .filter(({ data }) => (data as { id?: string }).id === 'act')
          .map(({ type }) => type);
        const cutOff = act.at(-1) === 'attempt-started' || act.at(-1) === 'evidence-kept';
        const repeat = act.length === 1 && cutOff ? ['act'] : [];
        if (repeat.length > 0)
          await expect(resumeLong(copy)).rejects.toMatchObject({ code: 'RUN_UNDECIDED' });
        const run = await resumeLong(copy, { repeat });
        await expectSound(run);
        expect(states(run)).toEqual(states(whole));
        const { predicate } = run.statement;
        expect(predicate.decision).toBe(whole.statement.predicate.decision);
        expect(predicate.evidence.files.map(({ name }) => name).sort()).toEqual(
          whole.statement.predicate.evidence.files.map(({ name }) => name).sort(),
        );
        const finished = before.at(-1)?.type === 'run-finished';
        expect(predicate.run.resumptions ?? []).toHaveLength(finished ? 0 : 1);
        for (const { type, data } of before) {
          if (type !== 'item-finished') continue;
          const { id } = data as { id: string };
          expect(await executed(copy, id), id).toBe(await executed(root, id));
        }
        await rm(copy, { recursive: true, force: true });
      }),
      { numRuns: 15 },
    );
  });

  it('counts a measurement that was cut off as none, and those that ended as attempts', async () => {
    const copy = await cutBack(root, whole.folder, upTo('"attempt-finished","data":{"id":"shaky"'));
    const run = await resumeLong(copy);
    const item = run.statement.predicate.items.find(({ id }) => id === 'shaky');
    expect(item?.attempts).toHaveLength(2);
    expect(item?.attempts[0]).toEqual(
      whole.statement.predicate.items.find(({ id }) => id === 'shaky')?.attempts[0],
    );
  });

  it('counts what was redacted over all its runners', async () => {
    const copy = await cutBack(root, whole.folder, upTo('"run-finished"', 'before'));
    const run = await resumeLong(copy);
    expect(whole.statement.predicate.evidence.redactions).toBe(5);
    expect(run.statement.predicate.evidence.redactions).toBe(5);
  });

  it('says that the last line was torn, how long it was down, and after which line it went on', async () => {
    const said: string[] = [];
    const length = upTo('"attempt-started","data":{"id":"one"');
    const copy = await cutBack(root, whole.folder, length + 40);
    const run = await resumeLong(copy, { said });
    const line = readJournal(bytes.subarray(0, length)).length;
    expect(said.join('\n')).toContain(`line ${line + 1} of the journal was torn; its 40 bytes were cut off`);
    const { release, run: about } = run.statement.predicate;
    expect(release.notes.join()).toContain(`line ${line + 1} of the journal was torn`);
    expect(about.resumptions).toEqual([
      { at: expect.any(String), after_line: line, gap_ms: expect.any(Number) },
    ]);
    await expectSound(run);
  });

  it('T18: a changed line is refused with its number, and the journal stays as it is', async () => {
    const copy = await cutBack(root, whole.folder, upTo('"item-finished","data":{"id":"one"'));
    const folder = join(copy, '.countersign/runs', basename(whole.folder));
    const changed = (await journalOf(folder)).toString().replace('"state":"passed"', '"state":"failed"');
    await writeFile(join(folder, 'journal.jsonl'), changed);
    await expect(resumeLong(copy)).rejects.toMatchObject({
      code: 'JOURNAL_BROKEN',
      message: expect.stringMatching(/^line \d+ of the journal: its hash does not match/),
    });
    expect((await journalOf(folder)).toString()).toBe(changed);
  });

  it('a run that has its report is not gone on with; one that lacks only what people read gets that', async () => {
    const copy = await cutBack(root, whole.folder, bytes.length);
    const run = await resumeLong(copy);
    await expect(resumeLong(copy)).rejects.toMatchObject({ code: 'RUN_FROZEN' });
    const report = await readFile(join(run.folder, 'report.json'));
    // Killed, or out of disk, in the midst of writing it.
    await rm(join(run.folder, 'report.html'));
    await writeFile(join(run.folder, 'report.html.0123456789ab.tmp'), '<!doctype');
    await resumeLong(copy);
    expect(await readFile(join(run.folder, 'report.json'))).toEqual(report);
    await expectSound(run);
  });

  it('two runners can not drive it: of many, one gets it', async () => {
    const copy = await cutBack(root, whole.folder, upTo('"item-finished","data":{"id":"one"'));
    const folder = join(copy, '.countersign/runs', basename(whole.folder));
    const release = await lockRun(folder);
    await expect(resumeLong(copy)).rejects.toMatchObject({ code: 'RUN_LOCKED' });
    await release();
    const tries = await Promise.allSettled(Array.from({ length: 5 }, () => resumeLong(copy)));
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});

describe('what has to be as it was', () => {
  const files = [
    'checklists/long.gate.yml',
    'checklists/environments.yml',
    '.countersign/rehearsal-signers.yml',
  ];
  it.each(files)('%s: a run goes on with the one that it began with', async (file) => {
    const copy = await cutBack(root, whole.folder, upTo('"item-finished","data":{"id":"one"'));
    const text = await readFile(join(copy, file), 'utf8');
    await writeFile(join(copy, file), `${text.replace('title: Local', 'title: Other')}# more\n`);
    await expect(resumeLong(copy)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'it changed since the run began',
      where: { file },
    });
  });

  it('its own journal: that of another run is refused', async () => {
    const copy = await cutBack(root, whole.folder, upTo('"item-finished","data":{"id":"one"'));
    const runs = join(copy, '.countersign/runs');
    await rename(join(runs, basename(whole.folder)), join(runs, 'long-20261125T080000Z-0000'));
    await expect(resumeLong(copy, { run: 'long-20261125T080000Z-0000' })).rejects.toMatchObject({
      code: 'REPORT_INVALID',
      message: expect.stringContaining('is that of long-'),
    });
  });

  it('the evidence that was kept', async () => {
    const copy = await cutBack(root, whole.folder, upTo('"item-finished","data":{"id":"one"'));
    const record = whole.statement.predicate.evidence.files.find(({ name }) => name.startsWith('one/'));
    await appendFile(
      join(copy, '.countersign/runs', basename(whole.folder), 'evidence', record?.sha256 ?? ''),
      'x',
    );
    await expect(resumeLong(copy)).rejects.toMatchObject({ code: 'REPORT_INVALID' });
  });
});

describe('the clock and the deadline of a run that is gone on with', () => {
  const shifted = (milliseconds: number) => ({
    now: () => new Date(systemClock.now().getTime() + milliseconds),
    monotonic: () => systemClock.monotonic(),
  });

  it('T16: a clock that was set back is noticed; no time of the report is before what the journal knew', async () => {
    const length = upTo('"item-finished","data":{"id":"one"');
    const copy = await cutBack(root, whole.folder, length);
    const last = readJournal(bytes.subarray(0, length)).at(-1)?.at ?? '';
    const run = await resumeLong(copy, { clock: shifted(-3_600_000) });
    const { relaxations, run: about } = run.statement.predicate;
    expect(relaxations).toEqual([
      expect.stringMatching(/^the clock of the machine was set back by (59m|1h)/),
    ]);
    expect(about.finished_at >= last).toBe(true);
    const times = readJournal(await journalOf(run.folder)).map(({ at }) => at);
    expect(times).toEqual([...times].sort());
    await expectSound(run);
  });

  it('T16: nothing follows the last line of a run, also where the clock was set back before its report', async () => {
    const copy = await cutBack(root, whole.folder, bytes.length);
    const run = await resumeLong(copy, { clock: shifted(-3_600_000) });
    expect(run.statement.predicate.relaxations).toEqual([expect.stringContaining('was set back by')]);
    expect(await journalOf(run.folder)).toEqual(bytes);
    await expectSound(run);
  });

  it('time while it was down does not count against the deadline, and what was used before does', async () => {
    const slow = await longGate(
      { one: { check: 'look' }, two: { check: 'look', needs: ['one'] } },
      { timeout: '2m' },
    );
    const cut = async (run: GateRun) => {
      const journal = await journalOf(run.folder);
      const end = journal.indexOf('\n', journal.indexOf('"item-finished","data":{"id":"one"')) + 1;
      return cutBack(slow, run.folder, end);
    };
    const down = await cut(await runLong(slow));
    expect(states(await resumeLong(down, { clock: shifted(3_600_000) }))).toEqual({
      one: 'passed',
      two: 'passed',
    });
    let asked = 0;
    const now = () => {
      asked += 1;
      return new Date(systemClock.now().getTime() + asked * 60_000);
    };
    const late = { ...systemClock, now };
    const used = await cut(await runLong(slow, { clock: late }));
    const run = await resumeLong(used);
    expect(run.statement.predicate.items[1]).toMatchObject({
      state: 'error',
      reason: "it did not begin: the gate's deadline of 2m passed",
    });
  });
});

describe('outside a rehearsal', () => {
  it('T3: a commit that is checked out since then is another release', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.email=a@b.c', '-c', 'user.name=A', ...args], { cwd: release });
    const release = await longGate({ one: { check: 'look' }, two: { check: 'look', needs: ['one'] } });
    const environments = join(release, 'checklists/environments.yml');
    const keys = whole.signers.bytes.toString().replace('rehearsal: true', '');
    await writeFile(join(release, 'checklists/signers.yml'), keys);
    await writeFile(
      environments,
      (await readFile(environments, 'utf8')).replace('rehearsal: true', 'rehearsal: false'),
    );
    await writeFile(join(release, '.gitignore'), '.countersign/\nexecuted.log\n');
    git('init', '-q');
    git('add', '-A');
    git('commit', '-qm', 'one');
    const run = await runLong(release);
    const journal = await journalOf(run.folder);
    const cut = journal.indexOf('\n', journal.indexOf('"item-finished","data":{"id":"one"')) + 1;
    const copy = await cutBack(release, run.folder, cut);
    execFileSync(
      'git',
      ['-c', 'user.email=a@b.c', '-c', 'user.name=A', 'commit', '-q', '--allow-empty', '-m', 'two'],
      { cwd: copy },
    );
    await expect(resumeLong(copy)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('moved to another commit'),
    });
    const { statement } = await abortLong(copy, false);
    expect(statement.predicate.decision).toBe('INCONCLUSIVE');
    expect(statement.predicate.release.notes.join()).toContain('moved to another commit');
  });
});
