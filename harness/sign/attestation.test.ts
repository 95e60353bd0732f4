import { describe, expect, test } from 'vitest';
import { attestItem } from '../gate/amend.ts';
import { recompute } from '../gate/recompute.ts';
import type { ItemReport, SignOff } from '../report/schema.ts';
import { fakeClock } from '../testing/context.ts';
import { forge } from '../testing/forge.ts';
import {
  makeRunFolder,
  passphrase,
  SIGNED_AT,
  type TestPerson,
  testItem,
  testPerson,
  testSigners,
  VERSION,
} from '../testing/run-folder.ts';
import { type Attestation, attestedEvidence, makeAttestation, readAttestation } from './attestation.ts';
import { loadSigner } from './keys.ts';
import { sha256 } from './statement.ts';
import { trustedKeys } from './trust.ts';
import { verifyFolder } from './verify.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering']);
const sol = testPerson('sol', ['security']);
const people = [ada, ben, sol];

const said = {
  run: '20261125-083000-abcd',
  gate: 'sample',
  item: 'vault',
  role: 'security',
  person: 'sol',
  at: '2026-11-25T08:29:00.000Z',
  verdict: 'confirmed' as const,
  about: ['smoke'],
  evidence_sha256: attestedEvidence([testItem('smoke')], ['smoke']),
};

function attest(
  changes: Partial<Omit<Attestation, 'schema' | 'key'>> = {},
  person: TestPerson = sol,
): Promise<Buffer> {
  return makeAttestation(loadSigner(person.keys[0]?.privatePem ?? '', passphrase), { ...said, ...changes });
}

describe('what a person says about an item', () => {
  const keys = trustedKeys(testSigners(people));
  const read = async (bytes: Promise<Buffer>) => readAttestation(await bytes, keys, 'the statement');

  test('comes back as it was said, with the key that said it', async () => {
    expect(await read(attest({ comment: 'seen in the vault' }))).toEqual({
      ...said,
      schema: 1,
      key: sol.keys[0]?.id,
      comment: 'seen in the vault',
    });
  });

  test('T9: counts for a role of the signers file only', async () => {
    await expect(read(attest({ person: 'ben' }, ben))).rejects.toThrow('ben does not have the role security');
  });

  test('can not be said in the name of another', async () => {
    await expect(read(attest({}, ada))).rejects.toThrow('names another person than the one who signed it');
  });

  test('is refused once a byte of it has changed', async () => {
    const text = (await attest()).toString();
    const envelope = JSON.parse(text);
    envelope.payload = Buffer.from(
      Buffer.from(envelope.payload, 'base64').toString().replace('smoke', 'smokf'),
    ).toString('base64');
    expect(() => readAttestation(Buffer.from(JSON.stringify(envelope)), keys, 'the statement')).toThrow(
      'does not fit these bytes',
    );
  });

  test('is void when its key was revoked before', () => {
    const revoked = { ...sol, keys: sol.keys.map((key) => ({ ...key, revoked_at: said.at })) };
    const strict = trustedKeys(testSigners([ada, ben, revoked]));
    return expect(attest().then((bytes) => readAttestation(bytes, strict, 'the statement'))).rejects.toThrow(
      'revoked',
    );
  });
});

/** A report in which `vault` passed because of this statement. */
async function verified(
  bytes: Buffer | undefined,
  change: (item: ItemReport, all: SignOff) => void = () => {},
) {
  const artifact = {
    name: 'vault/attestation.dsse.json',
    media_type: 'text/plain',
    sha256: sha256(bytes ?? ''),
    bytes: bytes?.length ?? 0,
  };
  const { check: _, ...manual } = testItem('vault');
  const item: ItemReport = {
    ...manual,
    attempts: [],
    attest: { role: 'security', about: ['smoke'] },
  };
  if (bytes && item.attest) {
    const { evidence_sha256, person, at } = said;
    Object.assign(item.attest, { evidence_sha256, person, at, key: sol.keys[0]?.id, statement: artifact });
  }
  await using run = await makeRunFolder({
    people,
    lying: true,
    items: [testItem('smoke'), item],
    evidence: bytes ? { [artifact.name]: bytes.toString() } : {},
    change: (all) => change(all.items[1] ?? item, all),
  });
  await forge(run, [ada, ben]);
  const { lines } = await verifyFolder({
    folder: run.folder,
    signers: run.signers,
    now: new Date(SIGNED_AT),
    version: VERSION,
    recompute: (report) => recompute(run.folder, report),
  });
  return lines.filter(({ check }) => check === 'attestations').map(({ ok, text }) => `${ok}: ${text}`)[0];
}

describe('a report that rests on what a person said', () => {
  test('stands with a statement about just this evidence', async () => {
    expect(await verified(await attest())).toBe('true: 1 of 1 given, each signed and about this evidence');
  });

  test.each<[string, Partial<Omit<Attestation, 'schema' | 'key'>>, string]>([
    ['of another run', { run: '20261124-083000-abcd' }, 'differ in `run`'],
    ['of another gate', { gate: 'other' }, 'differ in `gate`'],
    ['about another item', { item: 'smoke' }, 'differ in `item`'],
    ['at another time', { at: '2026-11-25T08:29:30.000Z' }, 'differ in `at`'],
    ['about other items', { about: [] }, 'about other items'],
    ['about evidence of another attempt', { evidence_sha256: 'f'.repeat(64) }, 'differ in `evidence_sha256`'],
    ['that rejects it', { verdict: 'rejected' }, 'vault passed although sol rejected it'],
  ])('falls with a statement %s', async (_, changes, message) => {
    expect(await verified(await attest(changes))).toContain(message);
  });

  test('falls without a statement', async () => {
    expect(await verified(undefined)).toBe('false: vault passed without a statement of security');
  });

  test('T10: falls when the evidence changed after the person spoke', async () => {
    const text = await verified(await attest(), (_, all) => {
      const [smoke] = all.items;
      const [log] = all.evidence.files;
      if (log) smoke?.attempts[0]?.artifacts.push(log);
    });
    expect(text).toBe('false: vault: the evidence changed after sol spoke');
  });
});

test('nobody answers before the report was frozen, which would make all that was measured younger', async () => {
  const vault: ItemReport = {
    id: 'vault',
    title: 'In the vault',
    covers: [],
    needs: [],
    simulated: [],
    state: 'pending',
    attempts: [],
    attest: { role: 'security', about: ['smoke'], evidence_sha256: said.evidence_sha256 },
  };
  await using run = await makeRunFolder({ people, items: [testItem('smoke'), vault] });
  const person = run.signers.parsed.people.find(({ id }) => id === 'sol');
  if (!person) throw new Error('sol is missing');
  const signer = loadSigner(sol.keys[0]?.privatePem ?? '', passphrase);
  const answer = (now: string) => {
    const clock = { ...fakeClock(), now: () => new Date(now) };
    const signers = run.signers.parsed;
    return attestItem({
      folder: run.folder,
      item: 'vault',
      person,
      signers,
      signer,
      verdict: 'confirmed',
      clock,
    });
  };
  await expect(answer('2026-11-25T08:29:59.000Z')).rejects.toThrow('before the report was frozen');
  expect((await answer(SIGNED_AT)).predicate.validity.not_before).toBe(SIGNED_AT);
});
