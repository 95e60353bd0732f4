import type { Environment } from '../config/environments.ts';
import type { Project } from '../config/project.ts';
import { validateYaml } from '../config/validate.ts';
import { parseYaml } from '../config/yaml.ts';
import { CountersignError } from '../errors.ts';
import type { Decision, Statement } from '../report/schema.ts';
import { readRunFile } from '../sign/folder.ts';
import { SignersSchema } from '../sign/signers.ts';
import { readStatement, sha256 } from '../sign/statement.ts';
import { type SignersFile, verifyFolder } from '../sign/verify.ts';
import { version } from '../version.ts';
import { fileAt, isAncestor } from './git.ts';
import { openLedger } from './ledger.ts';
import { recompute } from './recompute.ts';
import { listRuns } from './run-folder.ts';
import type { Gate } from './schema.ts';
import type { SignersInUse } from './signers-in-use.ts';

/** The release before this one. */
export interface LastGo {
  commit: string;
  /** Id of the run whose report it was. */
  run: string;
  /** For people: which report says so. */
  from: string;
}

export interface LastGoQuestion {
  project: Project;
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  gate: Gate;
  environment: Environment;
  signers: SignersInUse;
  now: Date;
  /** A commit that is released again: who wrote it is asked, so its own GO is not where it begins. */
  but?: string;
}

const released: ReadonlySet<Decision> = new Set(['GO', 'GO_WITH_WAIVERS']);

/**
 * The last GO of this gate for this environment: what the ledger of COUNTERSIGN_LEDGER says was deployed last, else
 * the newest run here whose report is signed, sound and not taken back. A folder's own word counts for nothing.
 */
export async function lastGo(question: LastGoQuestion): Promise<LastGo | undefined> {
  const { project, cwd, env, gate, environment, but } = question;
  const where = env['COUNTERSIGN_LEDGER'];
  const ledger = where ? await openLedger(cwd, where) : undefined;
  const used = await ledger?.newest(gate.gate, environment.name, but);
  if (used?.commit) {
    return { commit: used.commit, run: used.run, from: `the last report in the ledger, ${used.run}` };
  }
  for (const folder of await listRuns(project)) {
    const statement = await claimOf(folder);
    const commit = statement && commitIfOurs(statement, question);
    if (!commit || !(await isVerified(question, folder, statement, commit))) continue;
    const { id } = statement.predicate.run;
    return { commit, run: id, from: `the last GO, ${id}` };
  }
  return undefined;
}

/** What the report of a run claims; a run that did not finish claims nothing. */
async function claimOf(folder: string): Promise<Statement | undefined> {
  try {
    return readStatement(await readRunFile(folder, 'report.json'));
  } catch (thrown) {
    if (thrown instanceof CountersignError) return undefined;
    throw thrown;
  }
}

function commitIfOurs(
  { predicate }: Statement,
  { gate, environment, but }: LastGoQuestion,
): string | undefined {
  const ours = predicate.gate.id === gate.gate && predicate.environment.name === environment.name;
  const commit = predicate.release.git?.commit;
  return ours && released.has(predicate.decision) && commit !== but ? commit : undefined;
}

async function isVerified(
  question: LastGoQuestion,
  folder: string,
  statement: Statement,
  commit: string,
): Promise<boolean> {
  const signers = await signersOf(question, statement, commit);
  if (!signers) return false;
  const { exit, decision, withdrawn } = await verifyFolder({
    folder,
    signers,
    now: question.now,
    version: version(),
    recompute: (report) => recompute(folder, report),
    environment: { name: question.environment.name },
    git: { commit },
  });
  return exit === 0 && !withdrawn && decision !== undefined && released.has(decision);
}

/** The signers file of today, or the one of that commit, as git has it: people come and go between releases. */
async function signersOf(
  { project, signers }: LastGoQuestion,
  { predicate }: Statement,
  commit: string,
): Promise<SignersFile | undefined> {
  if (predicate.signers.sha256 === signers.sha256) return { bytes: signers.bytes, parsed: signers.signers };
  if (!(await isAncestor(project.root, commit))) return undefined;
  const bytes = await fileAt(project.root, commit, signers.file);
  if (!bytes || sha256(bytes) !== predicate.signers.sha256) return undefined;
  return { bytes, parsed: validateYaml(SignersSchema, parseYaml(bytes, signers.file)) };
}
