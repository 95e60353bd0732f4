import { CountersignError } from '../../errors.ts';
import { exitOf } from '../../gate/verdict.ts';
import { type Decision, PAYLOAD_TYPE } from '../../report/schema.ts';
import { parseBundle } from '../bundle.ts';
import { encode, parseEnvelope } from '../dsse.ts';
import { bundleFile, ENVELOPE_FILE, hasRunFile, readRunFile } from '../folder.ts';
import type { Saying } from '../said/schema.ts';
import { hasWithdrawn, sayingsOf } from '../said/standing.ts';
import { checkSignature } from '../statement.ts';
import {
  type ApprovalCount,
  askedBy,
  countApprovals,
  isRevokedAt,
  type VerifiedSignature,
  whyNotKey,
} from '../trust.ts';
import type { Witnessed } from '../witnessed.ts';
import { type Examined, type Finding, fail, pass, skip } from './finding.ts';

export interface Signed {
  signatures: { keyid: string; sig: string; person: string; witnessed?: Witnessed }[];
}

/** All signatures over the bytes of report.json; one that does not fit makes the whole envelope void. */
export async function readSignatures({ options, report, keys }: Examined): Promise<Signed> {
  if (!(await hasRunFile(options.folder, ENVELOPE_FILE))) return { signatures: [] };
  const envelope = parseEnvelope(await readRunFile(options.folder, ENVELOPE_FILE), ENVELOPE_FILE);
  if (Buffer.compare(envelope.payload, report.bytes) !== 0) {
    throw refusal('what was signed is not report.json');
  }
  const signatures = envelope.signatures.map((signature) => {
    const trusted = checkSignature(envelope.payloadType, envelope.payload, signature, keys, ENVELOPE_FILE);
    return { keyid: signature.keyid, sig: encode(signature.signature), person: trusted.person.id };
  });
  for (const field of ['keyid', 'person'] as const) {
    const repeated = signatures.find(
      (one, index) => signatures.findIndex((other) => other[field] === one[field]) !== index,
    );
    if (repeated) throw refusal(`${repeated[field]} signed twice; one person counts once`);
  }
  const witnessed: Signed['signatures'] = [];
  for (const signature of signatures) {
    const seen = await checkBundle(options.folder, report.bytes, signature);
    witnessed.push({ ...signature, witnessed: seen });
  }
  return { signatures: witnessed };
}

async function checkBundle(
  folder: string,
  report: Uint8Array,
  signature: Signed['signatures'][number],
): Promise<Witnessed> {
  const file = bundleFile(signature.person);
  const bundle = parseBundle(await readRunFile(folder, file), file);
  const same =
    bundle.payloadType === PAYLOAD_TYPE &&
    bundle.signature.keyid === signature.keyid &&
    encode(bundle.signature.signature) === signature.sig;
  if (!same || Buffer.compare(bundle.payload, report) !== 0) {
    throw refusal(`${file} does not hold the signature of ${signature.person} over report.json`);
  }
  return bundle.witnessed;
}

/** When a signature was made, as its maker says: the report itself was frozen before. */
export type SigningTime = Pick<Saying<'approval'>, 'key' | 'person' | 'at'>;

/** Each signature with the time that its maker gave, where there is one. */
function timed(signatures: Signed['signatures'], times: readonly SigningTime[]): VerifiedSignature[] {
  return signatures.map(({ keyid }) => {
    const at = times.find((time) => time.key === keyid)?.at;
    return { keyid, ...(at === undefined ? {} : { at }) };
  });
}

/** Signatures that stand: their makers have not taken them back, nor was the key revoked as of then. */
function standing({ keys }: Examined, signatures: readonly VerifiedSignature[], said: readonly Saying[]) {
  const revoked = new Set(sayingsOf(said, 'revocation').map(({ revoked_key }) => revoked_key));
  return signatures.filter(({ keyid, at }) => {
    const trusted = keys.get(keyid);
    if (!trusted || hasWithdrawn(said, trusted.person.id)) return !trusted;
    // Without a time it may have been made after the revocation.
    return !revoked.has(keyid) || (at !== undefined && !isRevokedAt(trusted.key, at));
  });
}

/** Enough people of the right roles, none of whom may not. `added` is an approval that is about to be written. */
export function checkApprovals(
  examined: Examined,
  signed: Signed,
  said: readonly Saying[],
  added?: SigningTime,
): { findings: Finding[]; count: ApprovalCount } {
  const { options, report } = examined;
  const { predicate } = report.statement;
  const { policy, validity } = predicate;
  const times = [...sayingsOf(said, 'approval'), ...(added ? [added] : [])];
  const all = timed(signed.signatures, times);
  const signatures = standing(examined, all, said);
  const count = countApprovals({
    policy,
    signatures,
    signers: options.signers.parsed,
    release: askedBy(predicate),
    validity,
  });
  const findings = [
    ...times
      .filter(({ key }) => !all.some((one) => one.keyid === key))
      .map(({ person }) => fail('signatures', `${person} began to sign and did not finish; sign again`)),
    ...count.refused.map(({ keyid, reason }) => fail('signatures', `${keyid} does not count: ${reason}`)),
    ...count.approvals.map(({ person, role, keyid, at }) =>
      pass(
        'signatures',
        `${person.name} (${person.id}) as ${role}, ${at ? `at ${at} by their own clock` : 'at an unknown time'}, ${keyid}`,
      ),
    ),
    ...rolesStillOpen(report.statement.predicate.decision, all.length, count),
  ];
  return { findings, count };
}

function rolesStillOpen(decision: Decision, signatures: number, { missing }: ApprovalCount): Finding[] {
  if (missing.length === 0) return [pass('roles', 'every role that the gate asks for has signed')];
  if (exitOf(decision) !== 0 && signatures === 0)
    return [skip('roles', `there is nothing to sign in a ${decision}`)];
  return missing.map(({ role, count }) =>
    fail('roles', `missing: ${count === 1 ? '' : `${count} people as `}${role}`, 'incomplete'),
  );
}

/** As of the signing time the report stands for ever; for use it must be young, and its keys still good. */
export function checkTimes({ options, report, keys }: Examined, count: ApprovalCount): Finding[] {
  const { not_before, not_after } = report.statement.predicate.validity;
  const now = options.now.getTime();
  if (!(Date.parse(not_before) < Date.parse(not_after)))
    return [fail('validity', 'it ends before it begins')];
  if (now < Date.parse(not_before))
    return [fail('validity', `it begins at ${not_before}, which is in the future`)];
  const weigh = (text: string) =>
    options.forDeploy
      ? fail('validity', text, 'not-deployable')
      : pass('validity', `${text}; judged as of the signing time`);
  const findings =
    now > Date.parse(not_after)
      ? [weigh(`expired at ${not_after}`)]
      : [pass('validity', `until ${not_after}`)];
  const at = options.now.toISOString();
  for (const { keyid, person } of count.approvals) {
    const key = keys.get(keyid)?.key;
    const reason = key && whyNotKey(key, { from: at, to: at });
    if (reason) findings.push(weigh(`${person.id}: ${reason}`));
  }
  return findings;
}

function refusal(message: string): CountersignError {
  return new CountersignError('REPORT_INVALID', message);
}
