import { appendFile, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeRunFolder, type RunFolder, testPerson } from '../testing/run-folder.ts';
import { verifyRun } from '../testing/verify-run.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering'], { type: 'ed25519' });

async function signedRun(options: Partial<Parameters<typeof makeRunFolder>[0]> = {}): Promise<RunFolder> {
  const run = await makeRunFolder({ people: [ada, ben], ...options });
  await run.sign(ada);
  await run.sign(ben);
  return run;
}

async function filesOf(run: RunFolder): Promise<string[]> {
  const entries = await readdir(run.folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('no byte of any file can change without being noticed', { timeout: 120_000 }, async () => {
  await using run = await signedRun();
  expect((await verifyRun(run)).exit).toBe(0);
  const files = await filesOf(run);
  expect(files).toHaveLength(12);
  for (const file of files) {
    const original = await readFile(file);
    for (const at of sampled(original.length)) {
      const changed = Buffer.from(original);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 7));
      await writeFile(file, changed);
      expect((await verifyRun(run)).exit, `${file}, byte ${at}`).toBe(4);
    }
    await writeFile(file, original);
  }
  expect((await verifyRun(run)).exit).toBe(0);
});

/** Both ends and about thirty places between, at odd distances. */
function sampled(length: number): number[] {
  const step = Math.max(1, Math.floor(length / 30) | 1);
  return [...new Set([...Array.from({ length: 31 }, (_, index) => index * step), length - 1])].filter(
    (at) => at < length,
  );
}

test('no file can be cut short or go missing', async () => {
  await using run = await signedRun();
  for (const file of await filesOf(run)) {
    const original = await readFile(file);
    await writeFile(file, original.subarray(0, -1));
    expect((await verifyRun(run)).exit, `${file} without its last byte`).not.toBe(0);
    await rm(file);
    expect((await verifyRun(run)).exit, `without ${file}`).not.toBe(0);
    await writeFile(file, original);
  }
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
    'a link in place of a file',
    async (run) => {
      await rename(join(run.folder, 'gate.yml'), `${run.folder}.gate`);
      await symlink(`${run.folder}.gate`, join(run.folder, 'gate.yml'));
    },
    'gate.yml is not a regular file',
  ],
  [
    'a line added to the journal',
    (run) => appendFile(join(run.folder, 'journal.jsonl'), '{"seq":5}\n'),
    'line 5 of the journal',
  ],
  [
    'a report from another run',
    async (run) => {
      await using other = await signedRun({ evidence: { 'log.txt': 'another run\n' } });
      await writeFile(join(run.folder, 'report.json'), await readFile(join(other.folder, 'report.json')));
    },
    'what was signed is not report.json',
  ],
  [
    'a huge report',
    (run) => writeFile(join(run.folder, 'report.json'), Buffer.alloc(33 * 1024 * 1024, 0x20)),
    'at most 33554432 are read',
  ],
  [
    'a duplicate key',
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
