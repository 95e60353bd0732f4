import type { Environment } from '../config/environments.ts';
import type { ItemReport, SignOff } from '../report/schema.ts';
import { sha256 } from '../sign/statement.ts';
import { trustedKeys } from '../sign/trust.ts';
import type { OpenWaiver } from '../sign/waiver.ts';
import type { EvidenceStore } from './evidence.ts';
import type { LoadedGate } from './load.ts';
import type { Redactor } from './redact.ts';
import type { SignersInUse } from './signers-in-use.ts';
import { waivedOutcome, waiverInstant } from './waived.ts';
import { evaluateWaiver, waivedReason, whyNotCovered } from './waiver.ts';
import { openWaiverFile, readWaivers } from './waiver-files.ts';

export interface WaiversInUse {
  root: string;
  gate: LoadedGate;
  environment: Environment;
  signers: SignersInUse;
  release: SignOff['release'];
  evidence: EvidenceStore;
  redactor: Redactor;
}

interface Candidate {
  bytes: Buffer;
  waiver: OpenWaiver;
}

/** Lets an item that did not pass stand where a waiver covers it; missing where the gate takes no waivers. */
export function waiverHook(use: WaiversInUse): ((report: ItemReport) => Promise<ItemReport>) | undefined {
  if (!use.gate.gate.waivers) return undefined;
  return async (report) => {
    const outcome = waivedOutcome(report);
    if (!outcome) return report;
    const refused: string[] = [];
    for (const candidate of await candidatesFor(use, report.id)) {
      const { said } = candidate.waiver;
      const reason = whyNot(use, candidate, report) ?? whyNotCovered(said, outcome);
      if (reason === undefined) return waived(use, candidate, report);
      refused.push(`the waiver ${said.id} does not count: ${reason}`);
    }
    return refused.length > 0 ? { ...report, reason: [report.reason, ...refused].join('; ') } : report;
  };
}

/** Read when they are needed: a waiver may be approved while a long gate runs. The longest-lived comes first. */
async function candidatesFor({ root, gate, signers }: WaiversInUse, item: string): Promise<Candidate[]> {
  const keys = trustedKeys(signers.signers);
  return (await readWaivers(root))
    .map((file) => openWaiverFile(file, keys))
    .filter((opened) => 'waiver' in opened)
    .filter(({ waiver: { said } }) => said.gate === gate.gate.gate && said.item === item)
    .sort((a, b) => Date.parse(b.waiver.said.expires) - Date.parse(a.waiver.said.expires));
}

function whyNot(use: WaiversInUse, { bytes, waiver }: Candidate, report: ItemReport): string | undefined {
  const [finding] = evaluateWaiver({
    waiver,
    gate: use.gate.gate,
    environment: use.environment.name,
    rehearsal: use.environment.rehearsal,
    release: use.release,
    at: waiverInstant(report),
  }).filter((one) => one.void);
  if (finding) return finding.text;
  const { redactor } = use;
  const clean =
    redactor.text(waiver.said.reason) === waiver.said.reason &&
    sha256(redactor.bytes(bytes)) === sha256(bytes);
  return clean ? undefined : 'its text holds a secret';
}

async function waived(
  { evidence }: WaiversInUse,
  { bytes, waiver }: Candidate,
  report: ItemReport,
): Promise<ItemReport> {
  const { said, signedBy } = waiver;
  const name = `waivers/${said.id}.dsse.json`;
  const kept = await evidence.put(name, bytes, 'application/vnd.dsse+json');
  const was = { state: report.state as 'failed' | 'error', because: report.reason ?? report.state };
  return {
    ...report,
    state: 'waived',
    reason: waivedReason(said, signedBy[1]?.person.name ?? '', was),
    waiver: {
      id: said.id,
      ...was,
      reason: said.reason,
      requester: said.requester,
      approver: signedBy[1]?.person.id ?? '',
      expires: said.expires,
      statement: { name, media_type: kept.mediaType, sha256: kept.sha256, bytes: kept.bytes },
    },
  };
}
