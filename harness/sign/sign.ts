import { join } from 'node:path';
import { CountersignError } from '../errors.ts';
import { writeWhole } from '../gate/evidence.ts';
import { showStale } from '../gate/moment.ts';
import { lockRun } from '../gate/run-folder.ts';
import { PAYLOAD_TYPE } from '../report/schema.ts';
import { makeBundle } from './bundle.ts';
import { type EnvelopeSignature, makeEnvelope, serialise } from './dsse.ts';
import { bundleFile, ENVELOPE_FILE } from './folder.ts';
import { loadSigner, type Signer } from './keys.ts';
import { unlikeRendered, writeRendered } from './renderings.ts';
import { appendSaying } from './said/append.ts';
import type { Saying } from './said/schema.ts';
import { hasWithdrawn, sayingsOf, withdrawalsOfGo } from './said/standing.ts';
import { signPayload } from './statement.ts';
import { type ApprovalCount, askedBy, whyNotKey, whyNotPerson } from './trust.ts';
import type { Examined, VerifyOptions } from './verify/finding.ts';
import { staleToSign } from './verify/fresh.ts';
import { mostSkewMs } from './verify/independent-time.ts';
import { checkApprovals, readSignatures, type Signed, type SigningTime } from './verify/people.ts';
import { type Checked, checkReport, examine } from './verify.ts';
import type { Witness } from './witness.ts';
import type { Witnessed } from './witnessed.ts';

export type SignOptions = Pick<VerifyOptions, 'folder' | 'signers' | 'now' | 'version' | 'recompute'> & {
  /** Id in the signers file. */
  person: string;
  /** Asked for the time before anything is written. */
  witness?: Witness | undefined;
} & ({ privateKeyPem: string; passphrase?: string } | { signer: Signer });

export interface SignResult {
  person: string;
  keyid: string;
  /** Roles that this signature fills. */
  roles: string[];
  count: ApprovalCount;
}

/** Adds one person's signature over the frozen bytes, after checking all that the person relies on. */
export async function signReport(options: SignOptions): Promise<SignResult> {
  const signer = 'signer' in options ? options.signer : loadSigner(options.privateKeyPem, options.passphrase);
  const release = await lockRun(options.folder);
  try {
    const { examined, said } = await soundReport(await examine(options));
    const signed = await readSignatures(examined);
    refuseStopped(said, options.person, signer);
    refuseUnlessMaySign(examined, signer, options.person, signed);
    const stale = await staleToSign(examined);
    if (stale.length > 0) throw refusal(`too old to be signed: ${stale.map(showStale).join('; ')}`);
    await refuseOtherPage(examined, { signer, person: options.person, signed, said });
    const count = await addSignature(examined, {
      signer,
      person: options.person,
      witness: options.witness,
      signed,
      said,
    });
    const roles = count.approvals.filter(({ keyid }) => keyid === signer.keyid).map(({ role }) => role);
    return { person: options.person, keyid: signer.keyid, roles, count };
  } finally {
    await release();
  }
}

async function soundReport(given: Examined): Promise<Omit<Checked, 'findings'>> {
  const { findings, said, examined } = await checkReport(given);
  const wrong = findings.filter(({ ok }) => !ok).map(({ check, text }) => `${check}: ${text}`);
  if (wrong.length > 0) throw new CountersignError('REPORT_INVALID', wrong.join('; '));
  return { said, examined };
}

/** What one person stopped, no other signs away: the gate is run again. */
function refuseStopped(said: readonly Saying[], person: string, { keyid }: Signer): void {
  const [rejection] = sayingsOf(said, 'rejection');
  if (rejection) throw refusal(`${rejection.person} rejected this report: ${rejection.reason}`);
  const [withdrawal] = withdrawalsOfGo(said);
  if (withdrawal) throw refusal(`${withdrawal.person} withdrew the GO: ${withdrawal.reason}`);
  const revocation = sayingsOf(said, 'revocation').find(({ revoked_key }) => revoked_key === keyid);
  if (revocation) throw refusal(`the key was revoked at ${revocation.revoked_at}: ${revocation.reason}`);
  if (hasWithdrawn(said, person))
    throw refusal(`${person} took their approval of this report back: run the gate again`);
}

function refuseUnlessMaySign(
  { options, report, keys }: Examined,
  signer: Signer,
  id: string,
  signed: Signed,
): void {
  const { predicate } = report.statement;
  const { decision, validity, policy, signers } = predicate;
  const rehearsal = options.signers.parsed.rehearsal === true;
  const person = options.signers.parsed.people.find((one) => one.id === id);
  const key = keys.get(signer.keyid);
  const now = options.now.getTime();
  const at = options.now.toISOString();
  if (decision === 'NO_GO' || decision === 'INCONCLUSIVE')
    throw refusal(`the decision is ${decision}: there is nothing to approve`);
  if (!person) throw refusal(`${id} is nobody in ${signers.file}`);
  if (!key) throw new CountersignError('KEY_UNKNOWN', `${signer.keyid} is nobody's key in ${signers.file}`);
  if (key.person.id !== id) throw refusal(`this key belongs to ${key.person.id}, not to ${id}`);
  if (signer.unprotected && !rehearsal) throw refusal('a key without a passphrase signs rehearsals only');
  if (now < Date.parse(validity.not_before))
    throw refusal(`the clock is at ${at}, before the report was frozen`);
  if (now > Date.parse(validity.not_after)) throw refusal(`the report expired at ${validity.not_after}`);
  const reason =
    whyNotKey(key.key, { from: at, to: at }) ?? whyNotPerson(person, policy, askedBy(predicate), rehearsal);
  if (reason) throw refusal(reason);
  if (signed.signatures.some((one) => one.person === id))
    throw refusal(`${id} has signed this report already`);
}

interface Signature {
  signer: Signer;
  person: string;
  signed: Signed;
  said: readonly Saying[];
}

/**
 * People sign what they read. Where somebody was cut off, the page may lack what was said last, or name this very
 * signature before it stands. Only the version that wrote the page can tell.
 */
async function refuseOtherPage(
  examined: Examined,
  { signer, person, signed, said }: Signature,
): Promise<void> {
  const { options, report } = examined;
  if (report.statement.predicate.run.tool.version !== options.version) return;
  const own = { signatures: [...signed.signatures, { keyid: signer.keyid, sig: '', person }] };
  const possible = [
    { signed, said },
    { signed, said: said.slice(0, -1) },
    { signed: own, said },
  ];
  const problems: string[][] = [];
  for (const each of possible) {
    const { count } = checkApprovals(examined, each.signed, each.said);
    problems.push(await unlikeRendered(options.folder, report, { ...count, said: each.said }));
    if (problems.at(-1)?.length === 0) return;
  }
  throw new CountersignError('REPORT_INVALID', problems[0]?.join('; ') ?? '', {
    hint: 'whoever read it read something else: find out who changed it; `countersign gate show` reads the report itself',
  });
}

interface NewSignature extends Signature {
  witness: Witness | undefined;
}

/** The envelope goes last: until it stands the person has not signed, and can sign again after a crash. */
async function addSignature(
  examined: Examined,
  { signer, person, witness, signed, said }: NewSignature,
): Promise<ApprovalCount> {
  const { options, report } = examined;
  const signature: EnvelopeSignature = await signPayload(signer, report.bytes);
  const begun = sayingsOf(said, 'approval').find(({ key }) => key === signer.keyid);
  const witnessed = await witnessedBy(witness, {
    signer,
    signature,
    payload: report.bytes,
    begun,
    now: options.now,
  });
  const added = begun ? undefined : await appendTime(examined, signer, person);
  const signatures = [...signed.signatures.map(({ keyid, sig }) => ({ keyid, sig })), signature];
  const { count } = checkApprovals(
    examined,
    { signatures: [...signed.signatures, { ...signature, person }] },
    said,
    added,
  );
  const bundle = makeBundle(PAYLOAD_TYPE, report.bytes, signature, witnessed);
  const envelope = makeEnvelope(PAYLOAD_TYPE, report.bytes, signatures);
  await writeWhole(join(options.folder, bundleFile(person)), bundle);
  await writeRendered(options.folder, report, { ...count, said });
  await writeWhole(join(options.folder, ENVELOPE_FILE), serialise(envelope));
  return count;
}

interface Signing {
  signer: Signer;
  signature: EnvelopeSignature;
  payload: Uint8Array;
  /** Approval of an earlier attempt that did not end. */
  begun: SigningTime | undefined;
  now: Date;
}

/** Before the journal takes the time down: where nobody answers, the person has not begun to sign. */
async function witnessedBy(
  witness: Witness | undefined,
  { signer, signature, payload, begun, now }: Signing,
): Promise<Witnessed | undefined> {
  if (!witness) return undefined;
  if (begun && now.getTime() - Date.parse(begun.at) > mostSkewMs)
    throw refusal(`${begun.person} began to sign at ${begun.at}: a time stamp of now would say another time`);
  return witness({ payloadType: PAYLOAD_TYPE, payload, signature, publicPem: signer.publicPem });
}

async function appendTime(examined: Examined, signer: Signer, person: string): Promise<SigningTime> {
  await appendSaying(examined, signer, person, { type: 'approval' });
  return { key: signer.keyid, person, at: examined.options.now.toISOString() };
}

function refusal(message: string): CountersignError {
  return new CountersignError('SIGNING_REFUSED', message);
}
