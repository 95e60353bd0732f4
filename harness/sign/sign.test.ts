import { createHash } from 'node:crypto';
import { appendFile, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recompute } from '../gate/recompute.ts';
import { lockRun } from '../gate/run-folder.ts';
import {
  makeRunFolder,
  type RunFolder,
  SIGNED_AT,
  testItem,
  testPerson,
  VERSION,
} from '../testing/run-folder.ts';
import { sayOn } from '../testing/say.ts';
import { generateKey, loadSigner } from './keys.ts';
import type { SignOptions } from './sign.ts';
import { verifyFolder } from './verify.ts';

const ada = testPerson('ada', ['release-manager'], { keys: 2 });
const ben = testPerson('ben', ['engineering']);
const eve = testPerson('eve', ['marketing']);
const people = [ada, ben, eve];
const second = ada.keys[1];

test('each signature leaves an envelope with all, a bundle of its own, and a report that names the signer', async () => {
  await using run = await makeRunFolder({ people });
  expect((await run.sign(ada)).roles).toEqual(['release-manager']);
  const { count } = await run.sign(ben);
  expect(count.missing).toEqual([]);
  const envelope = JSON.parse(await readFile(join(run.folder, 'signoff.dsse.json'), 'utf8'));
  expect(envelope.signatures.map(({ keyid }: { keyid: string }) => keyid)).toEqual([
    ada.keys[0]?.id,
    ben.keys[0]?.id,
  ]);
  expect(
    Buffer.from(envelope.payload, 'base64').equals(await readFile(join(run.folder, 'report.json'))),
  ).toBe(true);
  expect(await readdir(run.folder)).toEqual(
    expect.arrayContaining(['ada.sigstore.json', 'ben.sigstore.json']),
  );
});

test.each(['report.html', 'junit.xml'])(
  'nobody signs what they did not read: %s was changed',
  async (name) => {
    await using run = await makeRunFolder({ people });
    const path = join(run.folder, name);
    const page = await readFile(path, 'utf8');
    await writeFile(path, page.replaceAll('Item smoke', 'Item totals'));
    await expect(run.sign(ada)).rejects.toThrow(`${name} does not say what the report says`);
    await expectUnsigned(run);
    await writeFile(path, page);
    await run.sign(ada);
    const standing = await readFile(path);
    await sayOn(run, ben, { type: 'comment', text: 'seen' });
    // As a crash leaves it: the comment stands in the journal, and the page does not name it yet.
    await writeFile(path, standing);
    expect((await run.sign(ben)).count.missing).toEqual([]);
  },
);

test.each<[string, Partial<SignOptions>, string]>([
  ['somebody unknown', { person: 'zoe' }, 'zoe is nobody in checklists/signers.yml'],
  ['somebody with another person’s key', { person: 'ben' }, 'this key belongs to ada, not to ben'],
  ['a clock before the freeze', { now: new Date('2026-11-25T08:29:59Z') }, 'before the report was frozen'],
  ['a report that has expired', { now: new Date('2026-11-26T08:30:01Z') }, 'the report expired'],
  ['a wrong passphrase', { passphrase: 'not the passphrase' } as never, 'does not open with this passphrase'],
  ['a foreign key', { privateKeyPem: generateKey({ rehearsal: true }).privatePem } as never, 'is nobody'],
  [
    'facts that give another decision',
    { recompute: ({ predicate }) => ({ ...predicate, decision: 'NO_GO' }) },
    'the stored facts give NO_GO',
  ],
])('%s can not sign', async (_, overrides, message) => {
  await using run = await makeRunFolder({ people });
  await expect(run.sign(ada, overrides)).rejects.toThrow(message);
  await expectUnsigned(run);
});

test('nobody signs twice, not even with another key', async () => {
  await using run = await makeRunFolder({ people });
  await run.sign(ada);
  await expect(run.sign(ada)).rejects.toThrow('ada has signed this report already');
  await expect(run.sign(ada, { privateKeyPem: second?.privatePem } as never)).rejects.toThrow(
    'has signed this report already',
  );
});

test('a role that the gate does not ask for can not sign', async () => {
  await using run = await makeRunFolder({ people });
  await expect(run.sign(eve)).rejects.toThrow('eve has none of the roles that the gate asks for');
});

test('authors and the requester can not sign', async () => {
  const authors = [createHash('sha256').update('ada@example.com').digest('hex')];
  await using authored = await makeRunFolder({
    people,
    change({ release }) {
      release.authors = authors;
    },
  });
  await expect(authored.sign(ada)).rejects.toThrow('ada is an author of this release');
  await using asked = await makeRunFolder({
    people,
    change({ release }) {
      release.requester = 'ben';
    },
  });
  await expect(asked.sign(ben)).rejects.toThrow('ben asked for this release');
});

test.each([
  ['NO_GO', testItem('smoke', 'failed')],
  ['INCONCLUSIVE', testItem('smoke', 'error')],
])('a %s can not be approved', async (decision, item) => {
  await using run = await makeRunFolder({ people, items: [item] });
  await expect(run.sign(ada)).rejects.toThrow(`the decision is ${decision}: there is nothing to approve`);
});

test('a key without a passphrase signs rehearsals only', async () => {
  const plain = { ...ada, keys: [generateKey({ rehearsal: true })] };
  await using real = await makeRunFolder({ people: [plain, ben] });
  await expect(real.sign(plain)).rejects.toThrow('a key without a passphrase signs rehearsals only');
  await using rehearsal = await makeRunFolder({ people: [plain, ben], rehearsal: true });
  await rehearsal.sign(plain);
});

test('a revoked or expired key can not sign', async () => {
  const revoked = { ...ada, keys: ada.keys.map((key) => ({ ...key, revoked_at: SIGNED_AT })) };
  await using run = await makeRunFolder({ people: [revoked, ben] });
  await expect(run.sign(revoked)).rejects.toThrow('the key was revoked');
});

test('whoever holds the key may be an agent or a vault', async () => {
  await using run = await makeRunFolder({ people });
  const signer = loadSigner(second?.privatePem ?? '', 'correct horse battery');
  expect(await run.sign(ada, { signer } as never)).toMatchObject({ keyid: second?.id });
});

test.each<[string, (run: RunFolder) => Promise<void>, string]>([
  ['T10: changed evidence', (run) => appendFile(evidencePath(run), 'x'), 'is not the file that was kept'],
  ['T10: missing evidence', (run) => rm(evidencePath(run)), 'is missing'],
  [
    'T21: evidence behind a link',
    async (run) => {
      await writeFile(`${run.folder}.elsewhere`, await readFile(evidencePath(run)));
      await rm(evidencePath(run));
      await symlink(`${run.folder}.elsewhere`, evidencePath(run));
    },
    'is not a regular file',
  ],
  [
    'T10: another gate',
    (run) => appendFile(join(run.folder, 'gate.yml'), '# x'),
    'gate.yml is not the file that was used',
  ],
  ['T18: a changed journal', (run) => appendFile(join(run.folder, 'journal.jsonl'), '{}\n'), 'journal'],
])('%s stops a signature', async (_, spoil, message) => {
  await using run = await makeRunFolder({ people });
  await spoil(run);
  await expect(run.sign(ada)).rejects.toThrow(message);
  await expectUnsigned(run);
});

test('a second signer waits for the first', async () => {
  await using run = await makeRunFolder({ people });
  const release = await lockRun(run.folder);
  await expect(run.sign(ada)).rejects.toThrow('drives the run');
  await release();
  await run.sign(ada);
});

test('a signature that was interrupted is found, and completed by signing again', async () => {
  await using run = await makeRunFolder({ people });
  await run.sign(ada);
  await rm(join(run.folder, 'signoff.dsse.json'));
  const verify = () =>
    verifyFolder({
      folder: run.folder,
      signers: run.signers,
      now: new Date(SIGNED_AT),
      version: VERSION,
      recompute: (report) => recompute(run.folder, report),
    });
  const result = await verify();
  expect(result.exit).toBe(4);
  expect(result.lines.map(({ text }) => text)).toContain('ada began to sign and did not finish; sign again');
  await run.sign(ada);
  expect((await verify()).exit).toBe(3);
});

function evidencePath(run: RunFolder): string {
  return join(run.folder, 'evidence', run.statement.predicate.evidence.files[0]?.sha256 ?? '');
}

async function expectUnsigned(run: RunFolder): Promise<void> {
  expect((await readdir(run.folder)).filter((name) => /dsse|sigstore/.test(name))).toEqual([]);
}
