import type { Attempt, ItemReport, Statement } from '../report/schema.ts';
import { EVIDENCE_FOLDER, readRunFile } from '../sign/folder.ts';
import type { TrustedKeys } from '../sign/trust.ts';
import { type OpenWaiver, openWaiver } from '../sign/waiver.ts';
import type { Gate } from './schema.ts';
import {
  evaluateWaiver,
  type WaivedOutcome,
  type WaiverFinding,
  waivedReason,
  whyNotCovered,
} from './waiver.ts';

/** The moment as of which a waiver must count for an item: when the measurement that counts had ended. */
export function waiverInstant({ attempts }: Pick<ItemReport, 'attempts'>): Date {
  return new Date(attempts.at(-1)?.finished_at ?? Number.NaN);
}

/** The measurements that decide an item: every sample of a watch, else the last attempt. */
export function deciding({ watch, attempts }: Pick<ItemReport, 'watch' | 'attempts'>): readonly Attempt[] {
  return watch ? watch.samples : attempts.slice(-1);
}

/** What could be waived: the outcome of a check that did not pass. */
export function waivedOutcome(report: ItemReport): WaivedOutcome | undefined {
  const { state, check } = report;
  if (!check || (state !== 'failed' && state !== 'error')) return undefined;
  return { state, attempts: deciding(report) };
}

/** The waiver that an item of a report rests on, as it lies in the evidence. */
export async function readWaived(
  folder: string,
  item: ItemReport,
  keys: TrustedKeys,
): Promise<OpenWaiver | undefined> {
  if (!item.waiver) return undefined;
  const bytes = await readRunFile(folder, `${EVIDENCE_FOLDER}/${item.waiver.statement.sha256}`);
  return openWaiver(bytes, keys, `the waiver of ${item.id}`);
}

/** Findings about the waiver of an item of a report as of a moment; the first one that voids it decides. */
export function judgeWaived(
  waiver: OpenWaiver,
  { predicate }: Statement,
  gate: Gate,
  at: Date,
): WaiverFinding[] {
  const { environment, release } = predicate;
  const { name, rehearsal } = environment;
  return evaluateWaiver({ waiver, gate, environment: name, rehearsal, release, at });
}

/** Why this item may not read `waived`, judged as of its measurement and by what was measured, or nothing. */
export function waivedProblem(
  item: ItemReport,
  waiver: OpenWaiver,
  outcome: WaivedOutcome,
  { statement, gate }: { statement: Statement; gate: Gate },
): string | undefined {
  const { said, signedBy } = waiver;
  if (said.item !== item.id) return `its waiver is for ${said.item}`;
  const found = judgeWaived(waiver, statement, gate, waiverInstant(item)).find((finding) => finding.void);
  if (found) return `its waiver does not count: ${found.text}`;
  const uncovered = whyNotCovered(said, outcome);
  if (uncovered) return `its waiver does not cover it: ${uncovered}`;
  const approver = signedBy[1]?.person;
  const shown = { ...item.waiver, statement: undefined, because: undefined };
  const asSigned = {
    id: said.id,
    state: outcome.state,
    reason: said.reason,
    requester: said.requester,
    approver: approver?.id,
    expires: said.expires,
  };
  for (const [field, value] of Object.entries(asSigned)) {
    if (shown[field as keyof typeof asSigned] !== value) {
      return `the report and its waiver differ in \`${field}\``;
    }
  }
  const because = item.waiver?.because ?? '';
  const reason = waivedReason(said, approver?.name ?? '', { state: outcome.state, because });
  return item.reason === reason ? undefined : 'its reason is not that of its waiver';
}
