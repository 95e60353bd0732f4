import { appendFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPostgres, type TestPostgres } from '../testing/postgres.ts';
import { openLedger, type Use } from './ledger.ts';

const now = new Date('2026-11-25T09:00:00.000Z');
let serial = 0;

function use(change: Partial<Use> = {}): Use {
  serial += 1;
  const number = serial.toString(16).padStart(4, '0');
  return {
    nonce: number.repeat(8),
    gate: 'release',
    environment: `env-${serial}`,
    run: `release-${serial}`,
    report: number.repeat(16),
    commit: 'c'.repeat(40),
    frozen_at: '2026-11-25T08:30:00.000Z',
    ...change,
  };
}

let folder: string;
let postgres: TestPostgres;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-ledger-'));
  postgres = await startPostgres();
}, 120_000);

afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

describe.each(['file', 'PostgreSQL'])('a ledger in %s', (kind) => {
  const open = () => openLedger(folder, kind === 'file' ? 'used.jsonl' : postgres.url);

  it('T5: takes a report down once, whoever asks again', async () => {
    const ledger = await open();
    const first = use();
    expect(await ledger.look(first, now)).toBeUndefined();
    expect(await ledger.record(first, now)).toBeUndefined();
    const again = await (await open()).record(first, now);
    expect(again).toBe(`this report was used before, at ${now.toISOString()}`);
    expect(await ledger.look({ ...first, environment: 'elsewhere' }, now)).toBe(again);
    const { nonce: _nonce, ...other } = first;
    expect(await ledger.look({ ...other, nonce: 'f'.repeat(32) }, now)).toBe(again);
  });

  it('T5: refuses a report that is older than the youngest that was used there, and only there', async () => {
    const ledger = await open();
    const young = use({ frozen_at: '2026-11-25T08:40:00.000Z' });
    await ledger.record(young, now);
    const { environment } = young;
    const old = use({ environment, frozen_at: '2026-11-25T08:39:59.999Z' });
    expect(await ledger.record(old, now)).toContain(`a younger report was used already: ${young.run}`);
    expect(await ledger.record({ ...old, environment: 'elsewhere' }, now)).toBeUndefined();
    expect(await ledger.record(use({ environment, frozen_at: young.frozen_at }), now)).toBeUndefined();
    expect(await ledger.newest('release', environment)).toMatchObject({ frozen_at: young.frozen_at });
    expect(await ledger.newest('another', environment)).toBeUndefined();
    expect(await ledger.newest('release', environment, 'd'.repeat(40))).toMatchObject({ environment });
    expect(await ledger.newest('release', environment, young.commit)).toBeUndefined();
  });

  it('T16: refuses while the clock stands before the last use', async () => {
    const ledger = await open();
    const { environment } = use();
    await ledger.record(use({ environment }), now);
    const earlier = new Date(now.getTime() - 3_600_000);
    expect(await ledger.record(use({ environment }), earlier)).toContain('before the last use');
  });

  it('lets exactly one of many deployers win', async () => {
    const wanted = use();
    const answers = await Promise.all(
      Array.from({ length: 8 }, async () => (await open()).record(wanted, now)),
    );
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
    expect(answers.filter((answer) => answer?.includes('used before'))).toHaveLength(7);
  });
});

describe('a ledger in a file', () => {
  it('T18: is of no use once a line was dropped, changed or torn', async () => {
    const path = join(folder, 'damaged.jsonl');
    const ledger = await openLedger(folder, 'damaged.jsonl');
    const first = use();
    for (const each of [first, use(), use()]) await ledger.record(each, now);
    const whole = await readFile(path, 'utf8');
    const [one = '', two = '', three = ''] = whole.split('\n');
    for (const text of [
      `${one}\n${three}\n`,
      `${two}\n${three}\n`,
      whole.replace('release-', 'other-'),
      whole.slice(0, -9),
    ]) {
      await writeFile(path, text);
      await expect(ledger.record(first, now)).rejects.toThrow('the ledger damaged.jsonl is damaged: line');
      await expect(ledger.look(first, now)).rejects.toMatchObject({ code: 'JOURNAL_BROKEN' });
    }
  });

  it('is one ledger under all of its names: deployers that come by a link wait, too', async () => {
    await (await openLedger(folder, 'linked.jsonl')).record(use(), now);
    await symlink('linked.jsonl', join(folder, 'link.jsonl'));
    const wanted = use();
    const answers = await Promise.all(
      Array.from({ length: 8 }, async (_, index) =>
        (await openLedger(folder, index % 2 ? 'link.jsonl' : 'linked.jsonl')).record(wanted, now),
      ),
    );
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
  });

  it.each([
    ['/dev/null', 'it is not a regular file'],
    ['.', 'it is not a regular file'],
    ['nowhere/used.jsonl', 'ENOENT'],
  ])('is out of reach where nothing can be remembered: %s', async (where, said) => {
    const ledger = await openLedger(folder, where);
    for (const ask of [() => ledger.look(use(), now), () => ledger.record(use(), now)])
      await expect(ask()).rejects.toMatchObject({
        code: 'SOURCE_UNREACHABLE',
        message: expect.stringContaining(said),
      });
  });

  it('is not the journal of a run, nor any other file', async () => {
    await appendFile(join(folder, 'notes.txt'), 'hello\n');
    const ledger = await openLedger(folder, 'notes.txt');
    await expect(ledger.record(use(), now)).rejects.toMatchObject({ code: 'JOURNAL_BROKEN' });
  });
});

describe('a ledger in PostgreSQL', () => {
  it('says that it is out of reach without its password', async () => {
    const url = new URL(postgres.url);
    url.password = 'not-the-password';
    const ledger = await openLedger(folder, url.href);
    const thrown: Error = await ledger.look(use(), now).then(
      () => new Error('it answered'),
      (reason: Error) => reason,
    );
    expect(thrown).toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    expect(thrown.message).toContain('can not be asked');
    expect(thrown.message).not.toContain('not-the-password');
  });
});
