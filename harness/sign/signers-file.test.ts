import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { type TestPerson, testPerson, testSigners } from '../testing/run-folder.ts';
import { signerOf } from '../testing/say.ts';
import {
  checkChain,
  checkSigned,
  keptFile,
  readSignersFile,
  readUnchecked,
  signaturesOf,
} from './signers-file.ts';
import { signSigners } from './signers-statement.ts';
import { sha256 } from './statement.ts';

const ada = testPerson('ada', ['release-manager'], { keys: 2 });
const ben = testPerson('ben', ['engineering']);
const cyd = testPerson('cyd', ['engineering']);
const now = new Date('2026-11-25T09:00:00Z');
const shown = 'checklists/signers.yml';
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-signers-'));
  path = join(folder, 'signers.yml');
});
afterEach(() => rm(folder, { recursive: true }));

const read = () => readSignersFile(path, shown);

async function write(
  people: TestPerson[],
  more: object,
  signedBy: { person: TestPerson; key?: number }[],
  at = now,
) {
  const bytes = Buffer.from(stringify({ ...more, ...testSigners(people) }));
  await writeFile(path, bytes);
  const about = { digest: sha256(bytes), previous: (more as { previous?: string }).previous };
  let envelope: Buffer | undefined;
  for (const { person, key } of signedBy)
    envelope = await signSigners(signerOf(person, key), about, at, envelope);
  await rm(signaturesOf(path), { force: true });
  if (envelope) await writeFile(signaturesOf(path), envelope);
  return about.digest;
}

/** The first file, signed by its own people and moved aside, as the command does. */
async function keep(digest: string) {
  const kept = keptFile(path, digest);
  await writeFile(kept, await readFile(path));
  await writeFile(signaturesOf(kept), await readFile(signaturesOf(path)));
  return kept;
}

const both = [{ person: ada }, { person: ben }];

test('a file without a threshold is taken as it is', async () => {
  await write([ada], {}, []);
  expect((await read()).parsed.people).toHaveLength(1);
});

test('a chain holds down to its first file, whose digest is told', async () => {
  const first = await write([ada, ben], { threshold: 2 }, both);
  await read();
  await keep(first);
  const second = await write([cyd], { threshold: 1, previous: first }, both);
  const chain = await checkChain(path, await read(), shown);
  expect(chain).toMatchObject([
    { file: shown, sha256: second, previous: first, people: ['ada', 'ben'], threshold: 2 },
    { file: `checklists/signers.${first.slice(0, 12)}.yml`, sha256: first, people: ['ada', 'ben'] },
  ]);
});

test('whoever trusts the old file needs nothing else beside the new one', async () => {
  const first = await write([ada, ben], { threshold: 1 }, [{ person: ada }]);
  const before = await read();
  await write([cyd], { threshold: 1, previous: first }, [{ person: ben }]);
  const file = await readUnchecked(path, shown);
  expect((await checkSigned(path, file, shown, before)).people).toEqual(['ben']);
});

test.each<[string, () => Promise<unknown>, string]>([
  ['that nobody signed', () => write([ada, ben], { threshold: 1 }, []), 'there is no signers.yml.dsse.json'],
  [
    'with one signature too few',
    () => write([ada, ben], { threshold: 2 }, [{ person: ada }]),
    '2 people must have signed it, and only ada did',
  ],
  [
    'that one person signed with two keys',
    () => write([ada, ben], { threshold: 2 }, [{ person: ada }, { person: ada, key: 1 }]),
    'only ada did',
  ],
  [
    'whose signers meant it to come after another file',
    async () => {
      const first = await write([ada], { threshold: 1 }, [{ person: ada }]);
      await keep(first);
      const bytes = Buffer.from(stringify({ threshold: 1, previous: first, ...testSigners([cyd]) }));
      await writeFile(path, bytes);
      const about = { digest: sha256(bytes), previous: 'b'.repeat(64) };
      await writeFile(signaturesOf(path), await signSigners(signerOf(ada), about, now, undefined));
    },
    'name another file before it',
  ],
  [
    'that somebody changed after the signing',
    async () => {
      await write([ada, ben], { threshold: 2 }, both);
      await appendFile(path, '# one more line\n');
    },
    'are over another file',
  ],
  [
    'that a stranger signed, too',
    () => write([ada, ben], { threshold: 1 }, [{ person: ada }, { person: cyd }]),
    "nobody's key",
  ],
  [
    'whose signer had a key that was revoked by then',
    () => {
      const keys = ben.keys.map((key) => ({ ...key, revoked_at: now.toISOString() }));
      return write([ada, { ...ben, keys }], { threshold: 1 }, [{ person: ben }]);
    },
    'does not count: the key was revoked',
  ],
  [
    'whose earlier file is not kept',
    () => write([ada], { threshold: 1, previous: 'a'.repeat(64) }, [{ person: ada }]),
    'is not kept as checklists/signers.aaaaaaaaaaaa.yml',
  ],
  [
    'that only its own people signed, not those before them',
    async () => {
      await keep(await write([ada, ben], { threshold: 1 }, both));
      const first = sha256(await readFile(path));
      await write([cyd], { threshold: 1, previous: first }, [{ person: cyd }]);
    },
    "nobody's key",
  ],
  [
    'whose earlier file was changed where it is kept',
    async () => {
      const first = await write([ada, ben], { threshold: 1 }, both);
      await appendFile(await keep(first), '# x\n');
      await write([cyd], { threshold: 1, previous: first }, [{ person: ada }]);
    },
    'is not the file that it names',
  ],
  [
    'whose earlier file asks for nobody',
    async () => {
      const first = await write([ada], {}, [{ person: ada }]);
      await keep(first);
      await write([cyd], { threshold: 1, previous: first }, [{ person: ada }]);
    },
    'has no `threshold`',
  ],
  [
    'with an earlier file but no threshold',
    () => write([ada], { previous: 'a'.repeat(64) }, []),
    'has no `threshold`',
  ],
  ['with more signatures than people', () => write([ada], { threshold: 2 }, []), 'more than its 1 people'],
])('a file %s is refused', async (_, prepare, message) => {
  await prepare();
  await expect(read()).rejects.toThrow(message);
});
