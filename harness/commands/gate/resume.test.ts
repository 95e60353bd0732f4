import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { readJournal, readTornJournal } from '../../gate/journal.ts';
import type { Statement } from '../../report/schema.ts';
import { startCli } from '../../testing/cli.ts';
import { runCommand } from '../../testing/in-process.ts';
import { longGate, TOKEN } from '../../testing/interrupted-run.ts';

/** Real processes on a machine that may be busy. */
vi.setConfig({ testTimeout: 120_000 });

const env = { TOKEN };
const cli = (root: string, ...args: string[]) => runCommand(root, ['gate', ...args], env);
const latest = (root: string, file: string) => readFile(join(root, '.countersign/latest', file));
const journal = async (root: string) =>
  (await latest(root, 'journal.jsonl').catch(() => Buffer.from(''))).toString();
const report = async (root: string) =>
  (JSON.parse((await latest(root, 'report.json')).toString()) as Statement).predicate;
const executed = async (root: string, item: string) =>
  (await readFile(join(root, 'executed.log'), 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line === item).length;

/** Sends a signal once the journal is so far; resolves to what the command said, also if it ended before. */
async function signalledWhen(
  root: string,
  args: string[],
  signal: NodeJS.Signals,
  far: (journal: string) => boolean | Promise<boolean>,
) {
  const { child, result } = startCli(root, ['gate', ...args], env);
  let over = false;
  void result.then(() => {
    over = true;
  });
  while (!over && !(await far(await journal(root)))) await pause(2);
  child.kill(signal);
  return result;
}

describe('a run whose runner is killed with kill -9', () => {
  const items = {
    one: { check: 'look', with: { ms: 20 } },
    act: { check: 'act', with: { ms: 40 }, needs: ['one'] },
    two: { check: 'look', with: { ms: 60 } },
    three: { check: 'look', with: { ms: 150 } },
    four: { check: 'look', needs: ['act'] },
  } as const;

  it.each([1, 4])(
    'at one point after the other (seed %i), ends with the same verdict; nothing done is done again',
    async (seed) => {
      const root = await longGate(structuredClone(items) as never, { concurrency: 2 });
      let random = seed;
      let kills = 0;
      let ended = await killed(['run', 'long']);
      while (ended.exit !== 0) {
        const undecided = ended.stderr.includes('RUN_UNDECIDED');
        expect(ended.exit === null || undecided, ended.stderr).toBe(true);
        const args = ['resume', 'latest', ...(undecided ? ['--repeat', 'act', '--as', 'ada'] : [])];
        ended = kills < 5 ? await killed(args) : await cli(root, ...args);
      }
      const { decision, items: reported, run, journal: frozen, release } = await report(root);
      expect(decision).toBe('REHEARSAL_GO');
      expect(reported.map(({ state }) => state)).toEqual(Object.keys(items).map(() => 'passed'));
      const lines = readJournal(await latest(root, 'journal.jsonl'));
      expect(run.resumptions).toHaveLength(lines.filter(({ type }) => type === 'run-resumed').length);
      expect(frozen.lines).toBe(lines.length);
      expect(await executed(root, 'act')).toBe(
        1 + release.notes.filter((note) => note.includes('ada had `act`')).length,
      );
      for (const id of Object.keys(items)) {
        const types = lines.filter(({ data }) => (data as { id?: string }).id === id).map(({ type }) => type);
        expect(types.filter((type) => type === 'attempt-finished')).toHaveLength(1);
        expect(types.slice(-2)).toEqual(['attempt-finished', 'item-finished']);
        expect(await executed(root, id)).toBeLessThanOrEqual(
          types.filter((type) => type === 'attempt-started').length,
        );
      }
      expect(await journal(root)).not.toContain(TOKEN);
      expect((await cli(root, 'verify', 'latest')).stdout).not.toContain('invalid');

      /** A few lines of the journal later, counted by a generator of its own. */
      async function killed(args: string[]) {
        random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
        const lines = (await journal(root)).split('\n').length + 1 + (random % 5);
        const result = await signalledWhen(root, args, 'SIGKILL', (text) => text.split('\n').length >= lines);
        if (result.exit === null) kills += 1;
        return result;
      }
    },
  );
});

describe('Ctrl-C', () => {
  it('leaves no report and a run that can be gone on with, and says how', async () => {
    const root = await longGate({
      one: { check: 'look' },
      two: { check: 'look', needs: ['one'], with: { until: 'go' } },
    });
    const begun = async (text: string) =>
      text.includes('"attempt-started","data":{"id":"two"') && (await executed(root, 'two')) === 1;
    const stopped = await signalledWhen(root, ['run', 'long'], 'SIGINT', begun);
    expect(stopped.exit, stopped.stderr).toBe(130);
    expect(stopped.stderr).toMatch(/interrupted: go on with `countersign gate resume long-\d/);
    await expect(latest(root, 'report.json')).rejects.toThrow('ENOENT');
    expect((await cli(root, 'status')).stdout).toMatch(
      /long-\S+ {2}interrupted, no report\n {2}1 done; go on with `countersign gate resume/,
    );
    expect((await cli(root, 'list')).stdout).toContain('was interrupted: `countersign gate resume long-');
    const types = readJournal(await latest(root, 'journal.jsonl')).map(({ type }) => type);
    expect(types.filter((type) => type === 'item-finished')).toHaveLength(1);
    expect(types.at(-1)).toBe('run-interrupted');
    await writeFile(join(root, 'go'), '');
    const resumed = await cli(root, 'resume', 'latest', '--sign', '--json');
    expect(resumed.exit, resumed.stderr).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ decision: 'REHEARSAL_GO' });
    expect(await executed(root, 'one')).toBe(1);
    expect(await executed(root, 'two')).toBe(2);
    expect((await cli(root, 'verify', 'latest')).exit).toBe(0);
  });
});

describe('gate abort', () => {
  it('stops a run that is at work, ends it for good, and writes its report', async () => {
    const root = await longGate({
      one: { check: 'look' },
      two: { check: 'look', needs: ['one'], with: { until: 'never' } },
    });
    const running = startCli(root, ['gate', 'run', 'long'], env);
    while (!(await journal(root)).includes('"attempt-started","data":{"id":"two"')) await pause(2);
    const aborted = await cli(root, 'abort', 'latest', '--as', 'ada');
    expect((await running.result).exit).toBe(130);
    expect(aborted.exit, aborted.stderr).toBe(3);
    expect(aborted.stdout).toContain('two error: aborted by ada');
    expect(await cli(root, 'resume', 'latest')).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('it has a report'),
    });
    expect((await cli(root, 'verify', 'latest')).stdout).not.toContain('invalid');
  });
});

describe('a disk that is full', () => {
  const bin = fileURLToPath(new URL('../../bin.mjs', import.meta.url));
  /** The system refuses to make any file longer than that, in the midst of a line. */
  const limited = (root: string, blocks: number, ...args: string[]) =>
    new Promise<{ exit: number; stderr: string }>((resolve) => {
      const script = `ulimit -f ${blocks}; exec "$0" "$@"`;
      const all = ['-c', script, process.execPath, bin, 'gate', ...args];
      const own = { cwd: root, env: { PATH: process.env['PATH'], NO_COLOR: '1', ...env } };
      execFile('/bin/sh', all, own, (error, _stdout, stderr) => {
        resolve({ exit: typeof error?.code === 'number' ? error.code : 0, stderr });
      });
    });

  it('ends the run with what to do, and no line after the half one; with room it goes on', async () => {
    const many = Object.fromEntries(
      Array.from({ length: 6 }, (_, n) => [`item-${n}`, { check: 'look' as const }]),
    );
    const root = await longGate(many, { concurrency: 1 });
    const full = await limited(root, 8, 'run', 'long');
    expect(full.exit).toBe(3);
    expect(full.stderr).toMatch(/error SYSTEM: .*the run ends here/);
    expect(full.stderr).toContain('go on with `countersign gate resume`');
    const { torn, entries } = readTornJournal(await latest(root, 'journal.jsonl'));
    expect(torn?.line).toBe(entries.length + 1);
    const resumed = await cli(root, 'resume', 'latest');
    expect(resumed.exit, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain(`line ${torn?.line} of the journal was torn`);
    expect((await report(root)).decision).toBe('REHEARSAL_GO');
  });
});
