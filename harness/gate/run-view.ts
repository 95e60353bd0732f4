import type { Attempt, ItemReport, Statement } from '../report/schema.ts';
import { type Difference, differences } from './difference.ts';

/** A person whose signature stands in a folder, as the folder says: nothing is verified here. */
export interface ComparedRun {
  statement: Statement;
  signed: readonly string[];
}

export interface RunDifference extends Difference {
  /** A moment, a duration of the run, an id or a digest that another run has anew: every pair of runs differs in it. */
  incidental: boolean;
}

/** What changed from one run of a gate to the next: items, facts, expectations, versions, people, release. */
export function compareRuns(before: ComparedRun, after: ComparedRun): RunDifference[] {
  return differences(viewOf(before), viewOf(after)).map((difference) => ({
    ...difference,
    incidental: isIncidental(difference),
  }));
}

function viewOf({ statement, signed }: ComparedRun) {
  const { predicate } = statement;
  const { decision, run, items, release, signers, ...more } = predicate;
  const { validity, nonce, journal, evidence, reasons: _reasons, ...rest } = more;
  const { requester, authors, ...released } = release;
  const { tool, ...moment } = run;
  return {
    decision,
    items: Object.fromEntries(items.map((item) => [item.id, itemView(item)])),
    ...rest,
    release: released,
    versions: { countersign: tool.version, node: tool.node },
    people: { requester, authors, signers, signed },
    evidence: { files: evidence.files.map(({ name }) => name).sort(), redactions: evidence.redactions },
    run: { ...moment, validity, nonce, journal, manifest: evidence.sha256 },
  };
}

/** Facts and expectations are those of the attempt that counts. */
function itemView({ id: _id, attempts, ...item }: ItemReport) {
  const last = attempts.at(-1);
  return {
    ...item,
    ...(last ? lastView(last) : {}),
    attempts: { made: attempts.length, times: attempts.map(timesOf) },
    ...('watch' in item ? { watch: summaryOf(item.watch) } : {}),
  };
}

function lastView({ facts, expectations, error }: Attempt) {
  return {
    ...(facts ? { facts } : {}),
    expectations: Object.fromEntries(expectations.map(({ text, outcome }) => [text, outcome])),
    ...(error ? { error } : {}),
  };
}

function timesOf({ started_at, finished_at, duration_ms }: Attempt) {
  return { started_at, finished_at, duration_ms };
}

/** Of a watch: how it went, not each of its samples. */
function summaryOf(watch: unknown): unknown {
  if (typeof watch !== 'object' || watch === null || !('samples' in watch)) return watch;
  return { ...watch, samples: Array.isArray(watch.samples) ? watch.samples.length : undefined };
}

/** What stands for a moment, as RFC 3339 and as HTTP writes it, or for an id: of a request, a digest, a run. */
const everNew =
  /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?|(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{16,}\b|\d{8}T\d{6}Z-[0-9a-f]{4}/gi;
/** How long something took, or how old it was when it was looked at. */
const durations = /(^|_)(duration|duration_ms|waited_ms|elapsed_ms|observed_ms|age_seconds)$/;

function isIncidental({ path, before, after }: Difference): boolean {
  if (path[0] === 'run') return true;
  if (path[0] !== 'items') return false;
  if (path[2] === 'attempts' && path[3] === 'times') return true;
  if (path[2] === 'attest' && path[3] === 'evidence_sha256') return true;
  if (typeof before === 'number' && typeof after === 'number') return durations.test(path.at(-1) ?? '');
  if (typeof before !== 'string' || typeof after !== 'string') return false;
  return before.replaceAll(everNew, '') === after.replaceAll(everNew, '');
}
