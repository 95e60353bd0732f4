import { expect, test } from 'vitest';
import { recompute } from '../gate/recompute.ts';
import {
  EXPIRES_AT,
  makeRunFolder,
  type RunFolder,
  SIGNED_AT,
  testPerson,
  VERSION,
} from '../testing/run-folder.ts';
import { type VerifyOptions, verifyFolder } from './verify.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering'], { type: 'ed25519' });
const people = [ada, ben];

function verify(run: RunFolder, overrides: Partial<VerifyOptions> = {}) {
  return verifyFolder({
    folder: run.folder,
    signers: run.signers,
    now: new Date(SIGNED_AT),
    version: VERSION,
    recompute: (report) => recompute(run.folder, report),
    ...overrides,
  });
}

async function signedRun(options: Partial<Parameters<typeof makeRunFolder>[0]> = {}) {
  const run = await makeRunFolder({ people, ...options });
  await run.sign(ada);
  await run.sign(ben);
  return run;
}

function wrong({ lines }: Awaited<ReturnType<typeof verify>>): string {
  return lines
    .filter(({ ok }) => !ok)
    .map(({ check, text }) => `${check}: ${text}`)
    .join('\n');
}

test('a GO with every signature verifies', async () => {
  await using run = await signedRun();
  const result = await verify(run);
  expect(wrong(result)).toBe('');
  expect(result).toMatchObject({ exit: 0, decision: 'GO' });
});

test('a GO that a role has yet to sign is not a GO', async () => {
  await using run = await makeRunFolder({ people });
  expect(await verify(run)).toMatchObject({ exit: 3, decision: 'GO' });
  await run.sign(ada);
  const result = await verify(run);
  expect(result.exit).toBe(3);
  expect(wrong(result)).toBe('roles: missing: engineering');
});

test('an expired report still verifies as of its signing, but may not be deployed', async () => {
  await using run = await signedRun();
  const now = new Date(Date.parse(EXPIRES_AT) + 1);
  expect((await verify(run, { now })).exit).toBe(0);
  const result = await verify(run, { now, forDeploy: true });
  expect(result.exit).toBe(1);
  expect(wrong(result)).toBe(`validity: expired at ${EXPIRES_AT}`);
});
