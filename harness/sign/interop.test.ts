import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { testResult } from '../report/test-result.ts';
import { verificationSummary } from '../report/verification-summary.ts';
import { bringOutsideConsumers } from '../testing/outside-consumers.ts';
import {
  makeRunFolder,
  passphrase,
  type RunFolder,
  SIGNED_AT,
  type TestPerson,
  testPerson,
  VERSION,
} from '../testing/run-folder.ts';
import { startWitnesses } from '../testing/witnesses.ts';
import { mustRun, runProgram } from '../tools/run.ts';
import { parseBundle } from './bundle.ts';
import { preAuthenticationEncoding } from './dsse.ts';
import { loadSigner } from './keys.ts';
import { signForOthers } from './outside.ts';
import { signPayload } from './statement.ts';
import { witnessOf } from './witness.ts';

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

describe('securesystemslib', () => {
  let python: string;
  beforeAll(async () => {
    python = await bringOutsideConsumers();
  }, 300_000);

  async function verify(
    threshold: number,
    signers: TestPerson[],
    envelope = at('signoff.dsse.json'),
  ): Promise<string> {
    const script = join(import.meta.dirname, 'fixtures', 'verify-envelope.py');
    const keys = signers.flatMap((person) => [person.keys[0]?.id ?? '', publicKeyFile(person)]);
    const args = [script, envelope, String(threshold), ...keys];
    return (await mustRun(python, args, { timeoutMs: 30_000 })).trim();
  }

  test('verifies both signatures of the envelope', async () => {
    expect(await verify(2, [ada, ben])).toBe('2');
  });

  test('T6: refuses one key that signed twice', async () => {
    const envelope = JSON.parse(await readFile(at('signoff.dsse.json'), 'utf8'));
    const signer = loadSigner(ada.keys[0]?.privatePem ?? '', passphrase);
    const again = await signPayload(signer, Buffer.from(envelope.payload, 'base64'));
    const [first] = envelope.signatures;
    expect(again.sig).not.toBe(first.sig);
    const twice = { ...envelope, signatures: [first, again] };
    await writeFile(at('../twice.dsse.json'), JSON.stringify(twice));
    expect(await verify(2, [ada, ben], at('../twice.dsse.json'))).toMatch(/^refused: Multiple signatures/);
  });

  test('verifies the test result and the summary that others get', async () => {
    const summary = verificationSummary({
      statement: run.statement,
      exit: 0,
      decision: 'GO',
      inputs: [],
      at: new Date(SIGNED_AT),
      version: VERSION,
    });
    for (const statement of [testResult(run.statement, 'a'.repeat(64), { decision: 'GO' }), summary]) {
      const bytes = await signForOthers(loadSigner(ben.keys[0]?.privatePem ?? '', passphrase), statement);
      await writeFile(at('../others.dsse.json'), JSON.stringify(JSON.parse(bytes.toString()).dsseEnvelope));
      expect(await verify(1, [ben], at('../others.dsse.json'))).toBe('1');
      expect(await verify(1, [eve], at('../others.dsse.json'))).toMatch(/^refused/);
    }
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

/** Visible as skipped where there is none: building it takes minutes, so a job of its own has it. */
describe.runIf(cosign)('cosign, which is on PATH', () => {
  const verify = (
    person: TestPerson,
    digest: string,
    bundle = at(`${person.id}.sigstore.json`),
    type: string = run.statement.predicateType,
  ) =>
    runProgram(
      'cosign',
      [
        ...['verify-blob-attestation', '--key', publicKeyFile(person), '--bundle', bundle],
        ...['--insecure-ignore-tlog', '--type', type, '--digest', digest, '--digestAlg', 'gitCommit'],
      ],
      { timeoutMs: 30_000 },
    );

  test.each([ada, ben])('verifies the bundle of $id offline, for the right release only', async (person) => {
    expect((await verify(person, 'c'.repeat(40))).output).toContain('Verified OK');
    expect((await verify(person, 'd'.repeat(40))).code).not.toBe(0);
  });

  test('verifies a test result by its type', async () => {
    const statement = testResult(run.statement, 'a'.repeat(64), { decision: 'GO' });
    const signer = loadSigner(ada.keys[0]?.privatePem ?? '', passphrase);
    await writeFile(at('../result.sigstore.json'), await signForOthers(signer, statement));
    const checked = await verify(ada, 'c'.repeat(40), at('../result.sigstore.json'), statement.predicateType);
    expect(checked.output).toContain('Verified OK');
    expect((await verify(ada, 'c'.repeat(40), at('../result.sigstore.json'))).code).not.toBe(0);
  });

  test('believes the log and the time stamp of a bundle as its trusted root says', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse(SIGNED_AT) - 86_400_000 });
    await using witnesses = await startWitnesses(new Date(SIGNED_AT));
    vi.useRealTimers();
    await using seen = await makeRunFolder({ people: [ada, ben] });
    await seen.sign(ada, { witness: witnessOf({ tlog: witnesses.url, tsa: witnesses.url }) });
    await writeFile(at('../root.json'), witnesses.trustedRoot);
    const believing = (bundle: string) =>
      runProgram(
        'cosign',
        [
          ...['verify-blob-attestation', '--key', publicKeyFile(ada), '--bundle', bundle],
          ...['--trusted-root', at('../root.json'), '--use-signed-timestamps'],
          ...['--type', run.statement.predicateType, '--digest', 'c'.repeat(40), '--digestAlg', 'gitCommit'],
        ],
        { timeoutMs: 30_000 },
      );
    expect((await believing(join(seen.folder, 'ada.sigstore.json'))).output).toContain('Verified OK');
    expect((await believing(at('ada.sigstore.json'))).code).not.toBe(0);
  });
});
