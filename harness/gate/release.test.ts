import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KindRegistry } from '../checks/index.ts';
import { renderHtml } from '../report/html.ts';
import { sha256 } from '../sign/statement.ts';
import {
  makeRunFolder,
  type RunFolderOptions,
  testGate,
  testItem,
  testPerson,
} from '../testing/run-folder.ts';
import { sampleReport } from '../testing/sample-report.ts';
import { sayOn } from '../testing/say.ts';
import { type LastGoQuestion, lastGo } from './last-go.ts';
import { openLedger } from './ledger.ts';
import { describeRelease } from './release.ts';

const ada = testPerson('ada', ['release-manager']);
const grace = testPerson('grace', ['engineering']);
const gate = testGate([testItem('smoke')]);
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-release-'));
  git('init', '-q');
});
afterEach(() => rm(root, { recursive: true, force: true }));

function git(...args: string[]): string {
  return execFileSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

async function commit(message: string, files: Record<string, string | Buffer> = {}): Promise<string> {
  const [author = ''] = message.split('\n');
  for (const [name, content] of Object.entries({ [`${author}.txt`]: author, ...files })) {
    await writeFile(join(root, name), content);
  }
  git('add', '-A');
  git('-c', `user.email=${author}@example.com`, '-c', `user.name=${author}`, 'commit', '-qm', message);
  return git('rev-parse', 'HEAD');
}

const hash = (author: string) => createHash('sha256').update(`${author}@example.com`).digest('hex');

/** A run among those of the project; signed unless said otherwise. */
async function runOf(
  released: string,
  options: Partial<RunFolderOptions> & { unsigned?: boolean; withdrawn?: boolean; id?: string } = {},
) {
  const run = await makeRunFolder({
    people: [ada, grace],
    ...options,
    change(predicate) {
      predicate.release.git = { commit: released, dirty: false };
      predicate.release.subjects = [{ name: 'git', digest: { gitCommit: released } }];
      options.change?.(predicate);
    },
  });
  if (!options.unsigned) for (const person of [ada, grace]) await run.sign(person);
  if (options.withdrawn) await sayOn(run, grace, { type: 'withdrawal', of: 'go', reason: 'wrong totals' });
  const folder = join(root, '.git/state/runs', options.id ?? basename(run.folder));
  await cp(run.folder, folder, { recursive: true });
  await run[Symbol.asyncDispose]();
  return { folder, bytes: run.signers.bytes, parsed: run.signers.parsed };
}

function question({
  bytes,
  parsed,
}: Pick<Awaited<ReturnType<typeof runOf>>, 'bytes' | 'parsed'>): LastGoQuestion {
  return {
    project: { root, kinds: new KindRegistry(), state: join(root, '.git/state') },
    cwd: root,
    env: {},
    gate,
    environment: { name: 'staging', title: 'Staging', rehearsal: false },
    signers: { file: 'signers.yml', bytes, sha256: sha256(bytes), signers: parsed },
    now: new Date('2026-11-27T08:00:00.000Z'),
  };
}

const release = (change: Partial<Parameters<typeof describeRelease>[0]> = {}) =>
  describeRelease({
    root,
    gate,
    rehearsal: false,
    requester: 'bot',
    gateSha256: 'a'.repeat(64),
    lastGo: async () => undefined,
    ...change,
  });

describe('the authors of a release', () => {
  it('T8: are those since the last GO, its own not among them', async () => {
    const first = await commit('dev');
    await commit('kofi');
    const run = await runOf(first);
    const { authors, notes } = await release({ lastGo: () => lastGo(question(run)) });
    expect(authors).toEqual([hash('kofi')]);
    expect(notes.join()).toContain(`the release begins after ${first}: the last GO, `);
  });

  it('T8: are all of the history while there was no GO', async () => {
    await commit('dev');
    await commit('kofi');
    const { authors, notes } = await release();
    expect(authors).toEqual([hash('dev'), hash('kofi')].sort());
    expect(notes.join()).toContain('no earlier release is known');
  });

  it('T8: are those, too, whom a commit names beside its author, or the mailmap knows by another address', async () => {
    await writeFile(join(root, '.mailmap'), '<ada@example.com> <old@example.com>\n');
    await commit('old\n\nCo-authored-by: Kofi <Kofi@example.com>\nCo-authored-by: grace@example.com');
    const { authors } = await release();
    expect(authors).toEqual(['ada', 'old', 'kofi', 'grace'].map(hash).sort());
  });

  it('T8: are the same when the commit of the last GO is released again', async () => {
    const first = await commit('dev');
    await runOf(first, { id: 'sample-20261120T080000Z-aaaa' });
    const second = await commit('kofi');
    const run = await runOf(second, { id: 'sample-20261121T080000Z-bbbb' });
    const again = await release({ lastGo: (but) => lastGo({ ...question(run), but }) });
    expect(again.authors).toEqual([hash('kofi')]);
    expect(again.notes.join()).toContain(`the release begins after ${first}`);
  });

  it.each([
    ['a range without commits', async () => ({ commit: git('rev-parse', 'HEAD'), from: 'x' })],
    [
      'a history that git can not read',
      async () => {
        await rm(join(root, '.git/objects', git('rev-parse', 'HEAD~1').replace(/^../, '$&/')));
        return undefined;
      },
    ],
  ])('T8: are not nobody: %s', async (_name, lastGo) => {
    await commit('dev');
    await commit('kofi');
    await expect(release({ lastGo })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('no author of what is released'),
      hint: expect.stringContaining('release.since'),
    });
  });

  it('T8: can not be cut short by a GO of another history', async () => {
    const first = await commit('dev');
    git('checkout', '-q', '--orphan', 'elsewhere');
    await commit('kofi');
    const elsewhere = { lastGo: async () => ({ commit: first, from: 'the last GO, x' }) };
    await expect(release(elsewhere)).rejects.toMatchObject({
      message: expect.stringContaining('is not part of the history'),
      hint: expect.stringContaining('release.since'),
    });
    const { authors, notes } = await release({ ...elsewhere, rehearsal: true });
    expect(authors).toEqual([hash('kofi')]);
    expect(notes.join()).toContain('is not part of the history');
  });
});

describe('the last GO', () => {
  it.each<[string, Parameters<typeof runOf>[1]]>([
    ['nobody signed', { unsigned: true }],
    ['was withdrawn', { withdrawn: true }],
    ['is a NO_GO', { unsigned: true, items: [testItem('smoke', 'failed')] }],
    [
      'is of another environment',
      {
        unsigned: true,
        change(predicate) {
          predicate.environment.name = 'production';
        },
      },
    ],
    [
      'is of another gate',
      {
        unsigned: true,
        change(predicate) {
          predicate.gate.id = 'easy';
        },
      },
    ],
    ['is of a rehearsal', { rehearsal: true, unsigned: true }],
  ])('T8: is no report that %s', async (_name, options) => {
    const first = await commit('dev');
    expect(await lastGo(question(await runOf(first, options)))).toBeUndefined();
  });

  it('T2: is no report whose evidence or commit was changed after it was signed', async () => {
    const first = await commit('dev');
    const run = await runOf(first);
    expect(await lastGo(question(run))).toMatchObject({ commit: first });
    await appendFile(join(run.folder, 'environment.json'), ' ');
    expect(await lastGo(question(run))).toBeUndefined();
  });

  it('is the newest of them', async () => {
    const first = await commit('dev');
    await runOf(first, { id: 'sample-20261120T080000Z-aaaa' });
    const second = await commit('kofi');
    const run = await runOf(second, { id: 'sample-20261121T080000Z-bbbb' });
    expect(await lastGo(question(run))).toMatchObject({ commit: second });
  });

  it('is still known after the signers have changed, by their file as git has it, and not by the copy in the folder', async () => {
    const before = await runOf('c'.repeat(40), { unsigned: true, id: 'other' });
    const first = await commit('dev', { 'signers.yml': before.bytes });
    await runOf(first);
    const today = { bytes: Buffer.from('today'), parsed: before.parsed };
    expect(await lastGo(question(today))).toMatchObject({ commit: first });
    await rm(join(root, '.git/state/runs'), { recursive: true });
    const second = await commit('kofi', { 'signers.yml': 'another' });
    await runOf(second);
    expect(await lastGo(question(today))).toBeUndefined();
  });

  it('is what the ledger says was deployed, where there is one', async () => {
    const first = await commit('dev');
    const run = await runOf(first);
    await mkdir(join(root, '.git/ledger'), { recursive: true });
    const ledger = await openLedger(root, '.git/ledger/used.jsonl');
    const use = {
      nonce: 'n',
      gate: 'sample',
      environment: 'staging',
      run: 'x',
      report: 'r',
      frozen_at: '2026-11-20T08:00:00.000Z',
    };
    await ledger.record({ ...use, commit: 'd'.repeat(40) }, new Date('2026-11-21T08:00:00.000Z'));
    const asked = { ...question(run), env: { COUNTERSIGN_LEDGER: '.git/ledger/used.jsonl' } };
    expect(await lastGo(asked)).toMatchObject({
      commit: 'd'.repeat(40),
      run: 'x',
      from: 'the last report in the ledger, x',
    });
  });
});

describe('a checkout of which not everything is known', () => {
  const cases: [string, string, () => Promise<void>][] = [
    [
      'shallow',
      'the clone is shallow',
      async () => {
        await commit('dev');
        await commit('kofi');
        const clone = `${root}-clone`;
        execFileSync('git', ['clone', '-q', '--depth', '1', `file://${root}`, clone], { stdio: 'ignore' });
        await rm(root, { recursive: true });
        await cp(clone, root, { recursive: true });
        await rm(clone, { recursive: true });
      },
    ],
    [
      'dirty',
      'changes that are not committed',
      async () => {
        await commit('dev');
        await writeFile(join(root, 'dev.txt'), 'other');
      },
    ],
    ['outside git', 'no git work tree', () => rm(join(root, '.git'), { recursive: true })],
  ];

  it.each(cases)(
    'is an error with a hint when %s, and on page one of a rehearsal',
    async (_name, said, prepare) => {
      await prepare();
      await expect(release()).rejects.toMatchObject({
        message: expect.stringContaining(said),
        hint: expect.stringContaining('a clean, whole checkout'),
      });
      const { notes } = await release({ rehearsal: true });
      expect(notes.join()).toContain(said);
      const { statement, context } = sampleReport();
      statement.predicate.release.notes = notes;
      const page = renderHtml(statement, context);
      expect(page.slice(0, page.indexOf('id="items"'))).toContain(said);
    },
  );
});
