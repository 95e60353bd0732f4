import { isDeepStrictEqual } from 'node:util';
import { decide } from '../../gate/verdict.ts';
import { manifestDigest } from '../../report/manifest.ts';
import { measurementsOf } from '../../report/measurements.ts';
import type { ArtifactRecord, SignOff } from '../../report/schema.ts';
import { attestationProblem, readAttestation } from '../attestation.ts';
import { EVIDENCE_FOLDER, evidenceProblems, readRunFile } from '../folder.ts';
import { type Examined, type Finding, fail, pass, skip, summarise } from './finding.ts';

/** Every file of evidence is hashed again, and nothing is cited that is not listed. */
export async function checkEvidence({ options, report }: Examined): Promise<Finding[]> {
  const { evidence, items } = report.statement.predicate;
  const listed = new Set(evidence.files.map(identity));
  const cited = items.flatMap((item) => [
    ...measurementsOf(item).flatMap(({ artifacts }) => artifacts),
    ...(item.attest?.statement ? [item.attest.statement] : []),
    ...(item.waiver ? [item.waiver.statement] : []),
  ]);
  const problems = [
    ...evidence.files
      .filter(({ name }) => !isPlainName(name))
      .map(({ name }) => `${JSON.stringify(name)} is no name for a file of evidence`),
    ...cited
      .filter((file) => !listed.has(identity(file)))
      .map(({ name }) => `${name} is cited but not listed`),
    ...(manifestDigest(evidence.files) === evidence.sha256
      ? []
      : ['the digest over the list of files is wrong']),
    ...evidenceProblems(options.folder, evidence.files),
  ];
  return [summarise('evidence', problems, `${evidence.files.length} files re-hashed`)];
}

function identity({ name, sha256, bytes }: ArtifactRecord): string {
  return JSON.stringify([name, sha256, bytes]);
}

/** A name is a label that people and tools turn into a path: it must not lead anywhere. */
export function isPlainName(name: string): boolean {
  const parts = name.split('/');
  return (
    name.length > 0 &&
    name.length <= 512 &&
    !/[\\\u0000-\u001f\u007f]/.test(name) &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

/** The decision follows from the items, and the items from the stored facts. */
export async function checkDecision({ options, report }: Examined): Promise<Finding[]> {
  const { predicate } = report.statement;
  const again = decide({
    items: predicate.items,
    rehearsal: predicate.environment.rehearsal,
    relaxations: predicate.relaxations,
  });
  const problems: string[] = [];
  if (again.decision !== predicate.decision) {
    problems.push(`the items give ${again.decision}, the report says ${predicate.decision}`);
  }
  if (!isDeepStrictEqual(again.reasons, predicate.reasons))
    problems.push('the reasons are not those of the items');
  problems.push(...itemProblems(predicate));
  const recomputed = await options.recompute(report.statement);
  if (recomputed.decision !== predicate.decision)
    problems.push(`the stored facts give ${recomputed.decision}`);
  for (const item of predicate.items) {
    const state = recomputed.items.find(({ id }) => id === item.id)?.state ?? 'nothing';
    if (state !== item.state)
      problems.push(`the stored facts of ${item.id} give ${state}, the report says ${item.state}`);
  }
  return [
    summarise('verdict', problems, `${predicate.decision} follows from ${predicate.items.length} items`),
  ];
}

function itemProblems({ items, environment, signers }: SignOff): string[] {
  const ids = items.map(({ id }) => id);
  const repeated = ids.filter((id, index) => ids.indexOf(id) !== index);
  return [
    ...repeated.map((id) => `the item ${id} stands in it twice`),
    ...(items.length === 0 ? ['it has no items'] : []),
    ...(environment.rehearsal || !signers.rehearsal
      ? []
      : ['keys made for a rehearsal stand behind a report that is none']),
  ];
}

/** Whoever is said to have attested an item has signed just that. */
export async function checkAttestations({ options, report, keys }: Examined): Promise<Finding[]> {
  const items = report.statement.predicate.items.filter(({ attest }) => attest);
  if (items.length === 0) return [skip('attestations', 'no item needs a person’s word')];
  const problems: string[] = [];
  let heard = 0;
  for (const item of items) {
    const record = item.attest?.statement;
    const said = record
      ? readAttestation(
          await readRunFile(options.folder, `${EVIDENCE_FOLDER}/${record.sha256}`),
          keys,
          `the statement about ${item.id}`,
        )
      : undefined;
    if (said) heard += 1;
    problems.push(...[attestationProblem(report.statement, item, said)].filter((text) => text !== undefined));
  }
  return [
    summarise(
      'attestations',
      problems,
      `${heard} of ${items.length} given, each signed and about this evidence`,
    ),
  ];
}

/** Relaxations and stand-ins are never silent. */
export function checkHonesty({ report, options }: Examined): Finding[] {
  const { relaxations, environment, items, policy } = report.statement.predicate;
  const simulated = [...new Set([...environment.simulators, ...items.flatMap((item) => item.simulated)])];
  const findings = [
    ...relaxations.map((text) => pass('relaxations', text)),
    ...(policy.not_author
      ? []
      : [pass('relaxations', 'authors and the requester may sign: the gate says so')]),
    ...(policy.distinct_people
      ? []
      : [pass('relaxations', 'one person may fill several roles: the gate says so')]),
    ...(simulated.length > 0 ? [pass('simulators', `simulated: ${simulated.join(', ')}`)] : []),
  ];
  if (!environment.rehearsal) return findings;
  const text = `${environment.name} is a rehearsal: this report releases nothing`;
  return [
    ...findings,
    options.forDeploy ? fail('rehearsal', text, 'not-deployable') : pass('rehearsal', text),
  ];
}
