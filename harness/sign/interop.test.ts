import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRunFolder, type RunFolder, type TestPerson, testPerson } from '../testing/run-folder.ts';
import { cacheFolder, fillOnce } from '../tools/cache.ts';
import { mustRun, runProgram } from '../tools/run.ts';
import { parseBundle } from './bundle.ts';
import { preAuthenticationEncoding } from './dsse.ts';

const ada = testPerson('ada', ['release-manager'], { type: 'p256' });
const ben = testPerson('ben', ['engineering'], { type: 'ed25519' });
const eve = testPerson('eve', ['engineering']);
let run: RunFolder;

const at = (name: string) => join(run.folder, name);
const publicKeyFile = (person: TestPerson) => at(`../${person.id}.pub`);

beforeAll(async () => {
  run = await makeRunFolder({ people: [ada, ben] });
  for (const person of [ada, ben, eve])
    await writeFile(publicKeyFile(person), person.keys[0]?.publicPem ?? '');
  for (const person of [ada, ben]) {
    await run.sign(person);
    const bundle = parseBundle(await readFile(at(`${person.id}.sigstore.json`)), person.id);
    await writeFile(at(`../${person.id}.sig`), bundle.signature.signature);
  }
  const report = await readFile(at('report.json'));
  await writeFile(at('../signed.bin'), preAuthenticationEncoding('application/vnd.in-toto+json', report));
  const changed = Buffer.from(report.toString().replace('GO', 'NO'));
  await writeFile(at('../changed.bin'), preAuthenticationEncoding('application/vnd.in-toto+json', changed));
});

afterAll(() => run[Symbol.asyncDispose]());

describe('openssl', () => {
  const verify = (person: TestPerson, bytes: string) =>
    person === ada
      ? runProgram('openssl', [
          'dgst',
          '-sha256',
          '-verify',
          publicKeyFile(ada),
          '-signature',
          at('../ada.sig'),
          at(bytes),
        ])
      : runProgram('openssl', [
          'pkeyutl',
          '-verify',
          '-pubin',
          '-inkey',
          publicKeyFile(ben),
          '-rawin',
          '-in',
          at(bytes),
          '-sigfile',
          at('../ben.sig'),
        ]);

  test.each([ada, ben])('verifies the signature of $id, and refuses other bytes', async (person) => {
    expect(await verify(person, '../signed.bin')).toMatchObject({
      code: 0,
      output: expect.stringMatching(/Verified/),
    });
    expect((await verify(person, '../changed.bin')).code).toBe(1);
  });

  test('verifies by the very lines that the report prints', async () => {
    const page = await readFile(at('report.html'), 'utf8');
    const line = /\{ printf [^\n]*signed\.bin/.exec(page)?.[0] ?? '';
    const shell = line
      .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>');
    await mustRun('sh', ['-c', shell.replace('signed.bin', '../printed.bin')], { cwd: run.folder });
    expect((await readFile(at('../printed.bin'))).equals(await readFile(at('../signed.bin')))).toBe(true);
  });
});

/** Brought by pip on first use, into the cache; without Python or a package index these tests fail, and say why. */
describe('securesystemslib', () => {
  const packages = ['securesystemslib==1.6.0', 'cryptography'];
  const folder = join(cacheFolder(process.env), 'python', 'securesystemslib-1.6.0');

  beforeAll(async () => {
    await fillOnce(folder, async (temporary) => {
      await mustRun('python3', ['-m', 'pip', 'install', '--quiet', '--target', temporary, ...packages], {
        timeoutMs: 180_000,
      });
    });
  }, 200_000);

  async function verify(
    threshold: number,
    signers: TestPerson[],
    envelope = at('signoff.dsse.json'),
  ): Promise<string> {
    const script = join(import.meta.dirname, 'fixtures', 'verify-envelope.py');
    const keys = signers.flatMap((person) => [person.keys[0]?.id ?? '', publicKeyFile(person)]);
    const env = { ...process.env, PYTHONPATH: folder };
    return (
      await mustRun('python3', [script, envelope, String(threshold), ...keys], { env, timeoutMs: 30_000 })
    ).trim();
  }

  test('verifies both signatures of the envelope', async () => {
    expect(await verify(2, [ada, ben])).toBe('2');
  });

  test('refuses a threshold that too few keys reach, and a changed payload', async () => {
    expect(await verify(2, [ada, eve])).toMatch(/^refused/);
    const envelope = JSON.parse(await readFile(at('signoff.dsse.json'), 'utf8'));
    const payload = Buffer.from(envelope.payload, 'base64').toString().replace('GO', 'NO');
    const changed = { ...envelope, payload: Buffer.from(payload).toString('base64') };
    await writeFile(at('../changed.dsse.json'), JSON.stringify(changed));
    expect(await verify(1, [ada, ben], at('../changed.dsse.json'))).toMatch(/^refused/);
  });
});

const cosign = (await runProgram('cosign', ['version'])).code === 0;

describe.runIf(cosign)('cosign, which is on PATH', () => {
  const verify = (person: TestPerson, digest: string) =>
    runProgram(
      'cosign',
      [
        ...[
          'verify-blob-attestation',
          '--key',
          publicKeyFile(person),
          '--bundle',
          at(`${person.id}.sigstore.json`),
        ],
        ...[
          '--insecure-ignore-tlog',
          '--type',
          run.statement.predicateType,
          '--digest',
          digest,
          '--digestAlg',
          'gitCommit',
        ],
      ],
      { timeoutMs: 30_000 },
    );

  test.each([ada, ben])('verifies the bundle of $id offline, for the right release only', async (person) => {
    expect((await verify(person, 'c'.repeat(40))).output).toContain('Verified OK');
    expect((await verify(person, 'd'.repeat(40))).code).not.toBe(0);
  });
});
