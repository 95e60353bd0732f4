import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FIRST_PREV, Journal, type JournalEntry, readJournal } from '../../gate/journal.ts';
import { forge } from '../../testing/forge.ts';
import {
  makeRunFolder,
  type RunFolder,
  SIGNED_AT,
  type TestPerson,
  testPerson,
} from '../../testing/run-folder.ts';
import { sayOn, signerOf } from '../../testing/say.ts';
import { verifyRun } from '../../testing/verify-run.ts';
import { sha256 } from '../statement.ts';
import { trustedKeys } from '../trust.ts';
import { makeSaying } from './make.ts';
import { readSaid } from './read.ts';
import type { Words } from './schema.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering']);
const cyd = testPerson('cyd', ['engineering']);
const eve = testPerson('eve', ['marketing']);
const later = () => new Date(Date.parse(SIGNED_AT) + 900_000);

const no = { type: 'rejection', reason: 'the totals are of yesterday' } as const;
const back = { type: 'withdrawal', of: 'approval', reason: 'I read the wrong run' } as const;
const remark = { type: 'comment', text: 'a cold cache' } as const;

async function signedRun() {
  const run = await makeRunFolder({ people: [ada, ben, cyd, eve] });
  await run.sign(ada);
  await run.sign(ben);
  return run;
}

const wrong = ({ lines }: Awaited<ReturnType<typeof verifyRun>>) =>
  lines
    .filter(({ ok }) => !ok)
    .map(({ text }) => text)
    .join();

/** What a person's key can sign by hand, about whatever report, wherever. */
async function forged(run: RunFolder, person: TestPerson, words: Words, change: object = {}) {
  const { entries, journal } = await Journal.open(join(run.folder, 'journal.jsonl'), {
    now: () => later(),
    monotonic: () => 0,
  });
  await journal.close();
  const bytes = await readFile(join(run.folder, 'report.json'));
  const report = { sha256: sha256(bytes), statement: run.statement, ...change };
  const speech = { person: person.id, at: later(), after: entries.at(-1)?.hash ?? '', ...change };
  return makeSaying(signerOf(person), report, words, speech);
}

async function append(run: RunFolder, type: string, data: unknown) {
  const clock = { now: () => later(), monotonic: () => 0 };
  const { journal } = await Journal.open(join(run.folder, 'journal.jsonl'), clock);
  await journal.append(type, data);
  await journal.close();
}

const otherRun = (run: RunFolder) => {
  const statement = structuredClone(run.statement);
  statement.predicate.run.id = 'another-run';
  return statement;
};

test.each<[string, (run: RunFolder) => Promise<void>, string]>([
  [
    'about another report',
    async (run) => append(run, 'rejection', await forged(run, cyd, no, { sha256: 'a'.repeat(64) })),
    'is about another report',
  ],
  [
    'about another run',
    async (run) => append(run, 'rejection', await forged(run, cyd, no, { statement: otherRun(run) })),
    'is about another run',
  ],
  [
    'in the name of another',
    async (run) => append(run, 'rejection', await forged(run, eve, no, { person: 'ada' })),
    'names another person than the one who signed it',
  ],
  [
    'by somebody without the role',
    async (run) => append(run, 'rejection', await forged(run, eve, no)),
    'eve has none of the roles',
  ],
  [
    'by somebody unknown',
    async (run) => append(run, 'comment', await forged(run, testPerson('zoe', ['engineering']), remark)),
    "nobody's key",
  ],
  [
    'that takes back what was never given',
    async (run) => append(run, 'withdrawal', await forged(run, cyd, back)),
    'cyd has not approved',
  ],
  [
    'under the name of another type',
    async (run) => append(run, 'comment', await forged(run, cyd, no)),
    'does not have the documented shape',
  ],
  ['of a type that is none', async (run) => append(run, 'note', { text: 'x' }), 'is no signed statement'],
  [
    'said elsewhere in the journal',
    async (run) => append(run, 'comment', await forged(run, cyd, remark, { after: 'b'.repeat(64) })),
    'does not stand where it was said',
  ],
  [
    'that were there before',
    async (run) => {
      await append(run, 'comment', await forged(run, cyd, remark));
      await append(run, 'comment', (await entriesOf(run)).at(-1)?.data);
    },
    'does not stand where it was said',
  ],
])('a line that somebody wrote into the journal %s is refused', async (_, spoil, message) => {
  await using run = await signedRun();
  await spoil(run);
  const result = await verifyRun(run);
  expect(result.exit).toBe(4);
  expect(wrong(result)).toContain(message);
  await expect(sayOn(run, ada, remark)).rejects.toThrow(message);
});

test('what was rejected can not be answered and frozen anew', async () => {
  await using run = await makeRunFolder({ people: [ada, ben, cyd, eve] });
  await sayOn(run, cyd, no);
  const entries = await entriesOf(run);
  const statement = structuredClone(run.statement);
  statement.predicate.journal.lines = entries.length;
  const keys = trustedKeys(run.signers.parsed);
  expect(() => readSaid(entries, { sha256: 'a'.repeat(64), statement }, keys)).toThrow(
    'is about the report as it was before an item was answered',
  );
});

test('T18: a chain that was made anew without a line, or in another order, is refused', async () => {
  await using run = await signedRun();
  await sayOn(run, cyd, remark);
  await sayOn(run, ben, remark);
  const entries = await entriesOf(run);
  const lines = run.statement.predicate.journal.lines;
  for (const kept of [
    entries.filter((_, index) => index !== lines + 2),
    [...entries.slice(0, lines + 2), ...entries.slice(lines + 2).reverse()],
  ]) {
    await writeFile(join(run.folder, 'journal.jsonl'), relinked(kept));
    const result = await verifyRun(run);
    expect(result.exit).toBe(4);
    expect(wrong(result)).toContain('does not stand where it was said');
  }
});

test('T15: whoever has a key that was revoked can not date an approval back to before that', async () => {
  await using run = await makeRunFolder({ people: [ada, ben, cyd, eve] });
  await run.sign(ada);
  const revoked_at = later().toISOString();
  const [key] = ben.keys;
  await sayOn(
    run,
    cyd,
    { type: 'revocation', revoked_key: key?.id ?? '', revoked_at, reason: 'stolen' },
    { now: later() },
  );
  const early = new Date(Date.parse(SIGNED_AT) + 60_000);
  await expect(run.sign(ben, { now: early })).rejects.toThrow('the key was revoked at');
  await append(run, 'approval', await forged(run, ben, { type: 'approval' }, { at: early }));
  await forge(run, [ada, ben]);
  const result = await verifyRun(run);
  expect(result.exit).toBe(4);
  expect(wrong(result)).toContain('in which its key was revoked');
});

const entriesOf = async (run: RunFolder) => readJournal(await readFile(join(run.folder, 'journal.jsonl')));

function relinked(entries: readonly JournalEntry[]): string {
  let prev = FIRST_PREV;
  return entries
    .map(({ at, type, data }, index) => {
      const body = { seq: index + 1, at, prev, type, data };
      prev = sha256(JSON.stringify(body));
      return `${JSON.stringify({ ...body, hash: prev })}\n`;
    })
    .join('');
}
