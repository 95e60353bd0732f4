import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PAYLOAD_TYPE } from '../report/schema.ts';
import { forge } from '../testing/forge.ts';
import { EXPIRES_AT, makeRunFolder, passphrase, testPerson, testSigners } from '../testing/run-folder.ts';
import { verifyRun } from '../testing/verify-run.ts';
import { makeEnvelope, serialise } from './dsse.ts';
import { loadSigner } from './keys.ts';
import type { VerifyOptions } from './verify.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering'], { type: 'ed25519' });
const people = [ada, ben];

async function signedRun(options: Partial<Parameters<typeof makeRunFolder>[0]> = {}) {
  const run = await makeRunFolder({ people, ...options });
  await run.sign(ada);
  await run.sign(ben);
  return run;
}

function texts({ lines }: Awaited<ReturnType<typeof verifyRun>>): string[] {
  return lines.map(({ text }) => text);
}

function wrong({ lines }: Awaited<ReturnType<typeof verifyRun>>): string {
  return lines
    .filter(({ ok }) => !ok)
    .map(({ check, text }) => `${check}: ${text}`)
    .join('\n');
}

test('a GO with every signature verifies', async () => {
  await using run = await signedRun();
  const result = await verifyRun(run);
  expect(wrong(result)).toBe('');
  expect(result).toMatchObject({ exit: 0, decision: 'GO' });
});

test('a GO that a role has yet to sign is not a GO', async () => {
  await using run = await makeRunFolder({ people });
  expect(await verifyRun(run)).toMatchObject({ exit: 3, decision: 'GO' });
  await run.sign(ada);
  const result = await verifyRun(run);
  expect(result.exit).toBe(3);
  expect(wrong(result)).toBe('roles: missing: engineering');
});

test('an expired report still verifies as of its signing, but may not be deployed', async () => {
  await using run = await signedRun();
  const now = new Date(Date.parse(EXPIRES_AT) + 1);
  expect((await verifyRun(run, { now })).exit).toBe(0);
  const result = await verifyRun(run, { now, forDeploy: true });
  expect(result.exit).toBe(1);
  expect(wrong(result)).toBe(`validity: expired at ${EXPIRES_AT}`);
});

test('a rehearsal verifies, says so, and may not be deployed', async () => {
  await using run = await signedRun({ rehearsal: true });
  const result = await verifyRun(run);
  expect(result).toMatchObject({ exit: 0, decision: 'REHEARSAL_GO' });
  expect(texts(result)).toContain('staging is a rehearsal: this report releases nothing');
  expect((await verifyRun(run, { forDeploy: true })).exit).toBe(1);
});

test('every check leaves a line, also one that had nothing to compare with', async () => {
  await using run = await signedRun();
  const { lines } = await verifyRun(run);
  expect(lines.filter(({ ran }) => !ran).map(({ check }) => check)).toEqual([
    'git',
    'environment',
    'gate',
    'subjects',
    'attestations',
    'freshness',
    'time',
  ]);
  expect(new Set(lines.map(({ check }) => check))).toEqual(
    new Set([
      'report',
      'signers',
      'evidence',
      'copies',
      'policy',
      'journal',
      'git',
      'environment',
      'gate',
      'subjects',
      'verdict',
      'attestations',
      'statements',
      'terms',
      'signatures',
      'roles',
      'freshness',
      'time',
      'validity',
      'folder',
      'renderings',
    ]),
  );
});

describe('a report that is used for something else', () => {
  test.each<[string, Partial<VerifyOptions>, string]>([
    ['another commit', { git: { commit: 'd'.repeat(40) } }, 'git: the report is about the commit'],
    [
      'another environment',
      { environment: { name: 'production' } },
      'environment: the report is about the environment staging, not production',
    ],
    ['another gate', { gate: Buffer.from('gate: other\n') }, 'gate: the report is about the gate'],
    ['another artefact', { subjects: [{ sha256: 'e'.repeat(64) }] }, 'is no subject of the report'],
    [
      'one of two artefacts',
      { subjects: [{ gitCommit: 'c'.repeat(40) }, { sha256: 'e'.repeat(64) }] },
      'is no subject of the report',
    ],
    ['nothing at all', { subjects: [{}] }, 'is no subject of the report'],
  ])('%s is refused', async (_, target, message) => {
    await using run = await signedRun();
    const result = await verifyRun(run, target);
    expect(result.exit).toBe(4);
    expect(wrong(result)).toContain(message);
  });

  test('what it is about is confirmed', async () => {
    await using run = await signedRun();
    const gate = await readFile(join(run.folder, 'gate.yml'));
    const target = {
      git: { commit: 'c'.repeat(40) },
      environment: { name: 'staging' },
      gate,
      subjects: [{ gitCommit: 'c'.repeat(40) }],
    };
    expect((await verifyRun(run, target)).exit).toBe(0);
  });
});

describe('people who do not count', () => {
  test('another signers file than the one of the freeze is refused, even with the same people', async () => {
    await using run = await signedRun();
    const signers = { ...run.signers, bytes: Buffer.concat([run.signers.bytes, Buffer.from('\n')]) };
    expect(wrong(await verifyRun(run, { signers }))).toContain(
      'the signers file is not the one that the report was made with',
    );
  });

  test('T9: people of the copy in the folder are nobody: the given file decides', async () => {
    await using run = await signedRun();
    const signers = {
      bytes: run.signers.bytes,
      parsed: testSigners([testPerson('ada', ['release-manager']), ben]),
    };
    const result = await verifyRun(run, { signers });
    expect(result.exit).toBe(4);
    expect(wrong(result)).toContain("nobody's key in the signers file");
  });

  test('T6: the same key twice, with two different signatures, voids the envelope', async () => {
    await using run = await makeRunFolder({ people });
    await forge(run, [ada, ada]);
    expect(wrong(await verifyRun(run))).toContain(`${ada.keys[0]?.id} signed twice`);
  });

  test('T7: two keys of one person void the envelope', async () => {
    const two = testPerson('ada', ['release-manager', 'engineering'], { keys: 2 });
    await using run = await makeRunFolder({ people: [two, ben] });
    await forge(run, [two, { ...two, keys: two.keys.slice(1) }]);
    expect(wrong(await verifyRun(run))).toContain('ada signed twice');
  });

  test('a stranger’s signature beside good ones voids the envelope', async () => {
    await using run = await makeRunFolder({ people });
    await forge(run, [ada, ben, testPerson('eve', ['engineering'])]);
    const result = await verifyRun(run);
    expect(result.exit).toBe(4);
    expect(wrong(result)).toContain("nobody's key in the signers file");
  });

  test('T19: a signature under another key’s id is refused', async () => {
    await using run = await makeRunFolder({ people });
    const eve = testPerson('eve', ['engineering']);
    await forge(run, [ada, { ...eve, keys: eve.keys.map((key) => ({ ...key, id: ben.keys[0]?.id ?? '' })) }]);
    expect(wrong(await verifyRun(run))).toContain('does not fit these bytes');
  });

  test('T1: a signature over the payload alone, without its type and length, is refused', async () => {
    await using run = await makeRunFolder({ people });
    const report = await readFile(join(run.folder, 'report.json'));
    const signature = await loadSigner(ada.keys[0]?.privatePem ?? '', passphrase).sign(report);
    const entry = { keyid: ada.keys[0]?.id ?? '', sig: Buffer.from(signature).toString('base64') };
    await writeFile(
      join(run.folder, 'signoff.dsse.json'),
      serialise(makeEnvelope(PAYLOAD_TYPE, report, [entry])),
    );
    expect(wrong(await verifyRun(run))).toContain('does not fit these bytes');
  });

  test('a signature without a time counts only with a key that was good all along', async () => {
    const late = { ...ben, keys: ben.keys.map((key) => ({ ...key, not_after: '2026-11-25T20:00:00Z' })) };
    await using run = await makeRunFolder({ people: [ada, late] });
    await forge(run, [ada, late]);
    const result = await verifyRun(run);
    expect(wrong(result)).toContain('does not count: the key was valid until');
    expect(result.exit).toBe(4);
  });

  test('a key that was revoked after the signing counts as of then, but not for a deployment', async () => {
    const revoked = { ...ada, keys: ada.keys.map((key) => ({ ...key, revoked_at: '2026-11-25T10:00:00Z' })) };
    await using run = await makeRunFolder({ people: [revoked, ben] });
    await run.sign(revoked);
    await run.sign(ben);
    const now = new Date('2026-11-25T11:00:00Z');
    expect((await verifyRun(run, { now })).exit).toBe(0);
    const result = await verifyRun(run, { now, forDeploy: true });
    expect(result.exit).toBe(1);
    expect(wrong(result)).toContain('ada: the key was revoked');
  });
});

test('renderings of another version are not compared, and that is said', async () => {
  await using run = await signedRun();
  const { exit, lines } = await verifyRun(run, { version: '99.0.0' });
  expect(exit).toBe(0);
  expect(lines.find(({ check }) => check === 'renderings')).toMatchObject({
    ran: false,
    text: expect.stringContaining('do not rely on them'),
  });
});
