import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { appendFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeFullRun } from '../testing/full-run.ts';
import { makeRunFolder, type RunFolder, testPerson } from '../testing/run-folder.ts';
import { contentsOf, exitOfFolder, exitOfSpoilt, spoilings } from '../testing/spoilings.ts';
import { verifyRun } from '../testing/verify-run.ts';

/** All bytes are tried by `scripts/flip-bytes.ts`. */
const step = 257;
const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering'], { type: 'ed25519' });

async function signedRun(options: Partial<Parameters<typeof makeRunFolder>[0]> = {}): Promise<RunFolder> {
  const run = await makeRunFolder({ people: [ada, ben], ...options });
  await run.sign(ada);
  await run.sign(ben);
  return run;
}

test('T2: no byte of any file can change, and no file be cut, dropped, added or exchanged', {
  timeout: 120_000,
}, async () => {
  await using run = await makeFullRun();
  const contents = await contentsOf(run.folder);
  expect(contents.size).toBe(14);
  expect(await exitOfFolder(run.folder, run.signers)).toBe(0);
  const wrong: string[] = [];
  const tried = new Set<string>();
  for (const spoiling of spoilings(contents, { step, offset: randomInt(step) })) {
    tried.add(`${spoiling.kind} ${spoiling.file}`);
    const exit = await exitOfSpoilt(run.folder, contents, spoiling, run.signers);
    if (exit !== 4) wrong.push(`${JSON.stringify(spoiling)} gives ${exit}`);
  }
  expect(wrong).toEqual([]);
  expect(tried.size).toBe(4 * contents.size + contents.size - 1);
  expect(await exitOfFolder(run.folder, run.signers)).toBe(0);
});

test.each<[string, (run: RunFolder) => Promise<unknown>, string]>([
  ['a file more', (run) => writeFile(join(run.folder, 'notes.txt'), ''), 'notes.txt does not belong here'],
  ['a folder more', (run) => mkdir(join(run.folder, 'more')), 'more is not a regular file'],
  [
    'a file of evidence more',
    (run) => writeFile(join(run.folder, 'evidence', 'f'.repeat(64)), ''),
    'does not belong here',
  ],
  [
    'a bundle of somebody who has not signed',
    (run) => writeFile(join(run.folder, 'eve.sigstore.json'), '{}'),
    'does not belong here',
  ],
  [
    'T1: a bundle of another payload type',
    async (run) => {
      const path = join(run.folder, 'ada.sigstore.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace('vnd.in-toto+json', 'vnd.in-toto+jsom'));
    },
    'does not hold the signature of ada',
  ],
  [
    'T21: a link in place of a file',
    async (run) => {
      await rename(join(run.folder, 'gate.yml'), `${run.folder}.gate`);
      await symlink(`${run.folder}.gate`, join(run.folder, 'gate.yml'));
    },
    'gate.yml is not a regular file',
  ],
  [
    'T21: a pipe in place of a file',
    async (run) => {
      await rm(join(run.folder, 'gate.yml'));
      execFileSync('mkfifo', [join(run.folder, 'gate.yml')]);
    },
    'gate.yml is not a regular file',
  ],
  [
    'T18: a line added to the journal',
    (run) => appendFile(join(run.folder, 'journal.jsonl'), '{"seq":5}\n'),
    'line 5 of the journal',
  ],
  [
    'T11: other evidence of the same length',
    async (run) => {
      const [file] = run.statement.predicate.evidence.files;
      await writeFile(join(run.folder, 'evidence', file?.sha256 ?? ''), 'x'.repeat(file?.bytes ?? 0));
    },
    'is not the file that was kept',
  ],
  [
    'T11: a report from another run',
    async (run) => {
      await using other = await signedRun({ evidence: { 'log.txt': 'another run\n' } });
      await writeFile(join(run.folder, 'report.json'), await readFile(join(other.folder, 'report.json')));
    },
    'what was signed is not report.json',
  ],
  [
    'T17: a huge report',
    (run) => writeFile(join(run.folder, 'report.json'), Buffer.alloc(33 * 1024 * 1024, 0x20)),
    'at most 33554432 are read',
  ],
  [
    'T17: a duplicate key',
    async (run) => {
      const path = join(run.folder, 'report.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace('"decision":"GO"', '"decision":"NO_GO","decision":"GO"'));
    },
    'has the key "decision" twice in one object',
  ],
])('%s is refused', async (_, spoil, message) => {
  await using run = await signedRun();
  await spoil(run);
  const { exit, lines } = await verifyRun(run);
  expect(exit).toBe(4);
  expect(
    lines
      .filter(({ ok }) => !ok)
      .map(({ text }) => text)
      .join('\n'),
  ).toContain(message);
});
