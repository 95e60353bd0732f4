import { messageOf } from '../errors.ts';
import { exitOf } from '../gate/verdict.ts';
import type { Decision, Statement } from '../report/schema.ts';
import { ENVELOPE_FILE, folderProblems, hasRunFile, readRunFile } from './folder.ts';
import { type ShownStanding, unlikeRendered } from './renderings.ts';
import type { Saying } from './said/schema.ts';
import { afterRevocations, sayingsOf, withdrawalsOfGo } from './said/standing.ts';
import { readStatement, sha256 } from './statement.ts';
import { type ApprovalCount, trustedKeys } from './trust.ts';
import { checkCopies, checkPolicy, checkSigners, checkTarget, readJournalOf } from './verify/binding.ts';
import { checkAttestations, checkDecision, checkEvidence, checkHonesty } from './verify/content.ts';
import { checkMoment, checkUnused } from './verify/deploy.ts';
import {
  attempt,
  type Examined,
  type Finding,
  fail,
  pass,
  skip,
  summarise,
  type VerifyLine,
  type VerifyOptions,
} from './verify/finding.ts';
import { checkFresh } from './verify/fresh.ts';
import { checkIndependentTime } from './verify/independent-time.ts';
import { checkApprovals, checkTimes, readSignatures, type Signed } from './verify/people.ts';
import { checkSaid } from './verify/said.ts';
import { checkTerms } from './verify/terms.ts';
import { checkWaivers } from './verify/waivers.ts';

export type { Recomputed, SignersFile, VerifyLine, VerifyOptions } from './verify/finding.ts';

export interface VerifyResult {
  /** 0 GO with all signatures, 1 NO_GO or not deployable, 3 INCONCLUSIVE or signatures missing, 4 invalid. */
  exit: 0 | 1 | 3 | 4;
  lines: VerifyLine[];
  /** Only present when nothing was found invalid; NO_GO where somebody who may has rejected the report. */
  decision?: Decision;
  /** Has somebody who may taken the GO back? It then stands as of the signing time only, and releases nothing. */
  withdrawn?: boolean;
  statement?: Statement;
  count?: ApprovalCount;
  /** What people said after the freeze, such as who rejected it. */
  said?: readonly Saying[];
}

/** Judges bytes, content and people, offline. Every check leaves a line, also one that did not run. */
export async function verifyFolder(options: VerifyOptions): Promise<VerifyResult> {
  let examined: Examined;
  try {
    examined = await examine(options);
  } catch (thrown) {
    return { exit: 4, lines: [lineOf(fail('report', messageOf(thrown)))] };
  }
  const { findings: found, count, said } = await judge(examined);
  const { statement } = examined.report;
  const decision = sayingsOf(said, 'rejection').length > 0 ? 'NO_GO' : statement.predicate.decision;
  const asked = await askToDeploy(examined, (more) => exitFor([...found, ...more], decision));
  const findings = [...found, ...asked];
  const lines = findings.map(lineOf);
  const exit = exitFor(findings, decision);
  if (exit === 4) return { exit, lines };
  const withdrawn = withdrawalsOfGo(said).length > 0;
  return { exit, lines, decision, withdrawn, statement, said, ...(count ? { count } : {}) };
}

/** Only a report that nothing else speaks against is taken down as used. */
async function askToDeploy(
  examined: Examined,
  exitWith: (more: readonly Finding[]) => VerifyResult['exit'],
): Promise<Finding[]> {
  const { deploy } = examined.options;
  if (!deploy) return [];
  const moment = await attempt('windows', () => checkMoment(examined, deploy));
  return [...moment, await checkUnused(examined, deploy, exitWith(moment) === 0)];
}

/** Everything but who signed: what must hold before anyone puts their name to it. */
export async function checkReport(given: Examined): Promise<Checked> {
  let said: readonly Saying[] = [];
  let examined = given;
  const findings = [
    ...(await attempt('signers', () => checkSigners(examined))),
    ...(await attempt('evidence', () => checkEvidence(examined))),
    ...(await attempt('copies', () => checkCopies(examined))),
    ...(await attempt('policy', () => checkPolicy(examined))),
    ...(await attempt('terms', () => checkTerms(examined))),
    ...(await attempt('journal', async () => {
      const journal = await readJournalOf(examined);
      said = journal.said;
      examined = withRevocations(examined, said);
      return journal.findings;
    })),
    ...(await attempt('target', () => checkTarget(examined))),
    ...(await attempt('verdict', () => checkDecision(examined))),
    ...(await attempt('attestations', () => checkAttestations(examined))),
    ...(await attempt('waivers', () => checkWaivers(examined))),
    ...checkHonesty(examined),
  ];
  return { findings, said, examined };
}

export interface Checked {
  findings: Finding[];
  said: readonly Saying[];
  /** As given, with the keys as they are after the revocations in the journal. */
  examined: Examined;
}

/** Keys as they are after what the journal revokes. */
export function withRevocations(examined: Examined, said: readonly Saying[]): Examined {
  const { options } = examined;
  const parsed = afterRevocations(options.signers.parsed, said);
  if (parsed === options.signers.parsed) return examined;
  const signers = { ...options.signers, parsed };
  return { ...examined, options: { ...options, signers }, keys: trustedKeys(parsed) };
}

export async function examine(options: VerifyOptions): Promise<Examined> {
  const bytes = await readRunFile(options.folder, 'report.json');
  const keys = trustedKeys(options.signers.parsed);
  return { options, keys, report: { bytes, sha256: sha256(bytes), statement: readStatement(bytes) } };
}

async function judge(
  given: Examined,
): Promise<{ findings: Finding[]; said: readonly Saying[]; count?: ApprovalCount }> {
  const { findings, said, examined } = await checkReport(given);
  const { predicate } = examined.report.statement;
  const shape = pass(
    'report',
    `${predicate.gate.id}, run ${predicate.run.id}, SHA-256 ${examined.report.sha256}`,
  );
  let signed: Signed = { signatures: [] };
  let count: ApprovalCount | undefined;
  const people = await attempt('signatures', async () => {
    signed = await readSignatures(examined);
    const approvals = checkApprovals(examined, signed, said);
    count = approvals.count;
    const seen = await checkIndependentTime(examined, signed, sayingsOf(said, 'approval'));
    const fresh = await checkFresh(examined, count);
    return [...approvals.findings, ...checkTimes(examined, count), ...fresh, ...seen];
  });
  const standing = count && { ...count, said };
  const rest = [
    ...(await attempt('folder', () => checkFolder(examined, signed))),
    ...(await attempt('renderings', () => checkRenderings(examined, standing))),
  ];
  const all = [shape, ...findings, ...checkSaid(examined, said), ...people, ...rest];
  return { findings: all, said, ...(count ? { count } : {}) };
}

async function checkFolder({ options, report }: Examined, signed: Signed): Promise<Finding[]> {
  const { evidence } = report.statement.predicate;
  const problems = await folderProblems(options.folder, {
    signed: await hasRunFile(options.folder, ENVELOPE_FILE),
    signers: signed.signatures.map(({ person }) => person),
    evidence: [...new Set(evidence.files.map((file) => file.sha256))],
  });
  return [summarise('folder', problems, 'every file belongs here, and none is missing')];
}

/** What people read must say what was signed; only the version that wrote it can tell. */
async function checkRenderings(
  { options, report }: Examined,
  standing: ShownStanding | undefined,
): Promise<Finding[]> {
  const { version } = report.statement.predicate.run.tool;
  if (version !== options.version) {
    return [
      skip(
        'renderings',
        `report.html and junit.xml were made by version ${version}: not compared, do not rely on them`,
      ),
    ];
  }
  const problems = await unlikeRendered(options.folder, report, standing);
  return [summarise('renderings', problems, 'report.html and junit.xml say what the report says')];
}

/** Invalid outweighs all; then the decision, and whoever rejected it; then what is still missing. */
function exitFor(findings: readonly Finding[], decision: Decision): VerifyResult['exit'] {
  const has = (weight: Finding['weight']) =>
    findings.some((finding) => !finding.ok && finding.weight === weight);
  if (has('invalid')) return 4;
  if (exitOf(decision) !== 0) return exitOf(decision);
  if (has('incomplete') || has('unknown')) return 3;
  return has('not-deployable') ? 1 : 0;
}

function lineOf({ check, ran, ok, text }: Finding): VerifyLine {
  return { check, ran, ok, text };
}
