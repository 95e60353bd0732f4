import { join } from 'node:path';
import type { Clock } from '../checks/define.ts';
import { CountersignError } from '../errors.ts';
import { validityFrom } from '../report/build.ts';
import { manifestDigest } from '../report/manifest.ts';
import type { ItemReport, Statement } from '../report/schema.ts';
import { attestedEvidence, makeAttestation } from '../sign/attestation.ts';
import { ENVELOPE_FILE, hasRunFile, readRunFile } from '../sign/folder.ts';
import { frozenGate } from '../sign/frozen-gate.ts';
import type { Signer } from '../sign/keys.ts';
import { writeRendered } from '../sign/renderings.ts';
import { readSaid } from '../sign/said/read.ts';
import type { Person, Signers } from '../sign/signers.ts';
import { readStatement, sha256 } from '../sign/statement.ts';
import { trustedKeys } from '../sign/trust.ts';
import { EvidenceStore } from './evidence.ts';
import { writeReport } from './freeze.ts';
import { Journal, type JournalEntry, readJournal } from './journal.ts';
import { Redactor } from './redact.ts';
import { lockRun } from './run-folder.ts';
import { decide } from './verdict.ts';

export interface AttestInput {
  folder: string;
  item: string;
  person: Person;
  /** Of the report: whatever people said before the answer stays on its page. */
  signers: Signers;
  signer: Signer;
  verdict: 'confirmed' | 'rejected';
  comment?: string | undefined;
  clock: Clock;
}

/** Answers a manual item: a signed statement in the evidence, and a report that rests on it. */
export async function attestItem(input: AttestInput): Promise<Statement> {
  const { folder, clock, person } = input;
  const release = await lockRun(folder);
  try {
    if (await hasRunFile(folder, ENVELOPE_FILE)) {
      throw new CountersignError(
        'RUN_FROZEN',
        'the report is signed already, so no item can be answered any more',
      );
    }
    const before = readStatement(await readRunFile(folder, 'report.json'));
    const item = answerable(before, input);
    const { journal, entries } = await Journal.open(join(folder, 'journal.jsonl'), clock);
    try {
      refuseSpokenOf(entries.slice(before.predicate.journal.lines));
      const attest = await sign(input, before, item, clock.now().toISOString());
      const { evidence } = before.predicate;
      const store = new EvidenceStore(folder, new Redactor(), evidence.files);
      const name = `${item.id}/attestation.dsse.json`;
      const artifact = await store.put(name, attest.bytes, 'application/vnd.dsse+json');
      const record = { name, media_type: artifact.mediaType, sha256: artifact.sha256, bytes: artifact.bytes };
      const answered: ItemReport = {
        ...withoutReason(item),
        state: input.verdict === 'confirmed' ? 'passed' : 'failed',
        ...(input.verdict === 'rejected'
          ? { reason: `${person.name} rejected it: ${input.comment ?? 'no reason given'}` }
          : {}),
        attest: { ...attest.record, statement: record },
      };
      await journal.append('item-attested', {
        id: item.id,
        person: person.id,
        verdict: input.verdict,
        sha256: artifact.sha256,
      });
      const after = await amended(folder, before, answered, store, journal, clock);
      await writeReport(folder, after);
      await showEarlier(folder, after, input.signers);
      return after;
    } finally {
      await journal.close();
    }
  } finally {
    await release();
  }
}

/** Comments and revoked keys outlive an answer; whatever else was said spoke of this very report. */
function refuseSpokenOf(later: readonly JournalEntry[]): void {
  const bound = later.find(({ type }) => type !== 'comment' && type !== 'revocation');
  if (!bound) return;
  throw new CountersignError(
    'RUN_FROZEN',
    `line ${bound.seq} of the journal (${bound.type}) speaks of the report as it is, so no item can be answered any more`,
  );
}

async function showEarlier(folder: string, statement: Statement, signers: Signers): Promise<void> {
  const entries = readJournal(await readRunFile(folder, 'journal.jsonl'));
  const report = { sha256: sha256(await readRunFile(folder, 'report.json')), statement };
  const said = readSaid(entries, report, trustedKeys(signers));
  if (said.length === 0) return;
  await writeRendered(folder, report, { approvals: [], missing: statement.predicate.policy.require, said });
}

function answerable({ predicate }: Statement, { item: id, person, clock }: AttestInput): ItemReport {
  const item = predicate.items.find((candidate) => candidate.id === id);
  const pending = predicate.items.filter(({ state }) => state === 'pending').map((candidate) => candidate.id);
  const hint =
    pending.length > 0 ? `waiting for a person: ${pending.join(', ')}` : 'no item waits for a person';
  if (!item?.attest)
    throw new CountersignError('USAGE', `\`${id}\` is not an item that a person answers`, { hint });
  if (item.state !== 'pending')
    throw new CountersignError('USAGE', `\`${id}\` is ${item.state}, not pending`, { hint });
  if (!person.roles.includes(item.attest.role)) {
    throw new CountersignError('SIGNING_REFUSED', `${person.id} does not have the role ${item.attest.role}`);
  }
  const now = clock.now();
  const frozen = predicate.validity.not_before;
  // The report is frozen anew at the answer: a clock behind the runner's would make all that was measured younger.
  if (now.getTime() < Date.parse(frozen)) {
    throw new CountersignError(
      'SIGNING_REFUSED',
      `the clock is at ${now.toISOString()}, before the report was frozen at ${frozen}`,
      { hint: 'one of two clocks is wrong: that of this machine, or that of the one which ran the gate' },
    );
  }
  return item;
}

async function sign(
  { person, signer, verdict, comment }: AttestInput,
  { predicate }: Statement,
  item: ItemReport,
  at: string,
) {
  const about = item.attest?.about ?? [];
  const role = item.attest?.role ?? '';
  const evidence = attestedEvidence(predicate.items, about);
  const said = comment ? { comment } : {};
  const bytes = await makeAttestation(signer, {
    run: predicate.run.id,
    gate: predicate.gate.id,
    item: item.id,
    role,
    person: person.id,
    at,
    verdict,
    about,
    evidence_sha256: evidence,
    ...said,
  });
  return {
    bytes,
    record: { role, about, evidence_sha256: evidence, person: person.id, key: signer.keyid, at, ...said },
  };
}

function withoutReason(item: ItemReport): ItemReport {
  const { reason: _reason, ...rest } = item;
  return rest;
}

async function amended(
  folder: string,
  { predicate, ...statement }: Statement,
  answered: ItemReport,
  store: EvidenceStore,
  journal: Journal,
  clock: Clock,
): Promise<Statement> {
  const items = predicate.items.map((item) => (item.id === answered.id ? answered : item));
  const verdict = decide({
    items,
    rehearsal: predicate.environment.rehearsal,
    relaxations: predicate.relaxations,
  });
  const gate = await frozenGate(folder);
  return {
    ...statement,
    predicate: {
      ...predicate,
      ...verdict,
      items,
      validity: validityFrom(gate, clock.now()),
      evidence: { ...predicate.evidence, sha256: manifestDigest(store.records), files: [...store.records] },
      journal: { head: journal.head.hash, lines: journal.head.seq },
    },
  };
}
