import { validateYaml } from '../config/validate.ts';
import { parseYaml } from '../config/yaml.ts';
import { CountersignError } from '../errors.ts';
import { serialiseStatement } from '../report/build.ts';
import type { Decision, ItemReport, Statement } from '../report/schema.ts';
import { EVIDENCE_FOLDER, readRunFile } from '../sign/folder.ts';
import { readGate } from '../sign/frozen-gate.ts';
import { SignersSchema } from '../sign/signers.ts';
import { readStatement, sha256 } from '../sign/statement.ts';
import { version } from '../version.ts';
import { type Difference, differences } from './difference.ts';
import { factSchemaName, recompute } from './recompute.ts';
import { replayItem } from './replay-item.ts';
import { decide } from './verdict.ts';

export interface ReplayedItem {
  id: string;
  /** As the facts give it. */
  state: ItemReport['state'];
  measurements: number;
  /** Where the report, `before`, says something else than its facts give, `after`. */
  differences: Difference[];
  /** Its reason is the runner's word: it says why nothing was measured, or what ended the measuring. */
  told: boolean;
}

export interface Replay {
  statement: Statement;
  /** As the items give it. */
  decision: Decision;
  items: ReplayedItem[];
  /** In the decision and its reasons. */
  differences: Difference[];
  /** Is the report, with every verdict made anew, the same file, byte for byte? */
  same: boolean;
  /** Differs at most in operands, messages and reasons, and another version worded those: as here. */
  wordedBy?: string;
}

/** Judges the stored facts again and puts each verdict where the report has it. No network, and no code of a kind. */
export async function replay(folder: string): Promise<Replay> {
  const bytes = await readRunFile(folder, 'report.json');
  const statement = readStatement(bytes);
  const { predicate } = statement;
  const { gate, signers } = await readInputs(folder, statement);
  const { items: recomputed, judged } = await recompute(folder, statement);
  const { rehearsal } = predicate.environment;
  const known = {
    judged,
    states: new Map(recomputed.map(({ id, state }) => [id, state])),
    gate,
    signers,
    rehearsal,
    rehearse: predicate.run.rehearse,
  };
  const replayed = predicate.items.map((item) => ({ before: item, ...replayItem(item, known) }));
  const items = replayed.map(({ item }) => item);
  const verdict = decide({ items, rehearsal, relaxations: predicate.relaxations });
  const made: Statement = { ...statement, predicate: { ...predicate, ...verdict, items } };
  const { decision, reasons } = predicate;
  const found = differences(predicate, made.predicate);
  const { version: by } = predicate.run.tool;
  return {
    statement,
    decision: verdict.decision,
    items: replayed.map(({ before, item, told }) => ({
      id: item.id,
      state: item.state,
      measurements: (item.watch?.samples ?? item.attempts).length,
      differences: differences(before, item),
      told,
    })),
    differences: differences({ decision, reasons }, verdict),
    same: serialisedLike(bytes, statement, made).equals(bytes),
    ...(by !== version() && found.length > 0 && found.every(isWording) ? { wordedBy: by } : {}),
  };
}

/** Text beside a verdict, which one version may put otherwise than another: no state, outcome or decision. */
function isWording({ path }: Difference): boolean {
  const [head] = path;
  const last = path.at(-1);
  if (head === 'reasons') return path.length === 3 && last === 'text';
  if (head !== 'items') return false;
  const at = path.indexOf('expectations');
  if (at < 0) return path.length === 3 && last === 'reason';
  return path[at + 2] === 'operands' || path[at + 2] === 'message';
}

/** What is judged by must be what the report was made with: another gate would give another verdict. */
async function readInputs(folder: string, { predicate }: Statement) {
  const { gate, signers, evidence } = predicate;
  const held = async (path: string, digest: string) => {
    const bytes = await readRunFile(folder, path);
    if (sha256(bytes) === digest) return bytes;
    throw new CountersignError('REPORT_INVALID', `${path} is not the file that the report was made with`);
  };
  for (const { name, sha256: digest } of evidence.files) {
    if (predicate.items.some(({ check }) => check && name === factSchemaName(check)))
      await held(`${EVIDENCE_FOLDER}/${digest}`, digest);
  }
  return {
    gate: readGate(await held('gate.yml', gate.sha256)),
    signers: validateYaml(SignersSchema, parseYaml(await held('signers.yml', signers.sha256), 'signers.yml')),
  };
}

/** Reports are written in lines; whoever wrote one without them is followed in that. */
function serialisedLike(bytes: Buffer, statement: Statement, made: Statement): Buffer {
  const compact = Buffer.from(JSON.stringify(statement));
  return compact.equals(bytes) ? Buffer.from(JSON.stringify(made)) : serialiseStatement(made);
}
