import { CountersignError } from '../../errors.ts';
import { exitOf } from '../../gate/verdict.ts';
import type { Decision } from '../../report/schema.ts';
import type { SigningTime } from '../approval.ts';
import { parseBundle } from '../bundle.ts';
import { encode, parseEnvelope } from '../dsse.ts';
import { bundleFile, ENVELOPE_FILE, hasRunFile, readRunFile } from '../folder.ts';
import { checkSignature } from '../statement.ts';
import { type ApprovalCount, countApprovals, type VerifiedSignature, whyNotKey } from '../trust.ts';
import { type Examined, type Finding, fail, pass, skip } from './finding.ts';

export interface Signed {
  signatures: { keyid: string; sig: string; person: string }[];
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
  for (const signature of signatures) await checkBundle(options.folder, report.bytes, signature);
  return { signatures };
}

async function checkBundle(
  folder: string,
  report: Uint8Array,
  signature: Signed['signatures'][number],
): Promise<void> {
  const file = bundleFile(signature.person);
  const bundle = parseBundle(await readRunFile(folder, file), file);
  const same =
    bundle.signature.keyid === signature.keyid && encode(bundle.signature.signature) === signature.sig;
  if (!same || Buffer.compare(bundle.payload, report) !== 0) {
    throw refusal(`${file} does not hold the signature of ${signature.person} over report.json`);
  }
}

/** Each signature with the time that its maker gave, where there is one. */
function timed(signatures: Signed['signatures'], times: readonly SigningTime[]): VerifiedSignature[] {
  return signatures.map(({ keyid }) => {
    const at = times.find((time) => time.keyid === keyid)?.at;
    return { keyid, ...(at === undefined ? {} : { at }) };
  });
}

/** Enough people of the right roles, none of whom may not. */
export function checkApprovals(
  { options, report }: Examined,
  signed: Signed,
  times: readonly SigningTime[],
): { findings: Finding[]; count: ApprovalCount } {
  const { policy, release, validity } = report.statement.predicate;
  const signatures = timed(signed.signatures, times);
  const count = countApprovals({ policy, signatures, signers: options.signers.parsed, release, validity });
  const findings = [
    ...times
      .filter(({ keyid }) => !signatures.some((one) => one.keyid === keyid))
      .map(({ person }) => fail('signatures', `${person} began to sign and did not finish; sign again`)),
    ...count.refused.map(({ keyid, reason }) => fail('signatures', `${keyid} does not count: ${reason}`)),
    ...count.approvals.map(({ person, role, keyid, at }) =>
      pass(
        'signatures',
        `${person.name} (${person.id}) as ${role}, ${at ? `at ${at} by their own clock` : 'at an unknown time'}, ${keyid}`,
      ),
    ),
    ...rolesStillOpen(report.statement.predicate.decision, signatures.length, count),
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
