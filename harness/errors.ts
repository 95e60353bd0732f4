import { inspect } from 'node:util';

/** Every way the harness can refuse, with what to do about it. A code is stable; its text may improve. */
const table = {
  USAGE: { exit: 2, hint: 'run `countersign --help`, or `countersign <command> --help`' },
  CONFIG_INVALID: { exit: 2, hint: 'the JSON Schemas in harness/schemas give completion in an editor' },
  CONFIG_MISSING: { exit: 2, hint: 'create the file, or name another with a flag' },
  EXPECTATION_INVALID: { exit: 2, hint: 'the page of the check kind lists its facts and their types' },
  UNKNOWN_KIND: { exit: 2, hint: '`countersign checks list` shows every kind' },
  UNKNOWN_ENVIRONMENT: { exit: 2, hint: 'environments are declared in checklists/environments.yml' },
  UNKNOWN_SOURCE: {
    exit: 2,
    hint: 'sources are declared under the environment in checklists/environments.yml',
  },
  SECRET_MISSING: {
    exit: 2,
    hint: 'set the variable, or declare the secret under `secrets` of the environment',
  },
  PATH_ESCAPES: {
    exit: 2,
    hint: 'paths are relative to the project and may not leave it, nor pass through a link',
  },
  TOOL_MISSING: { exit: 3, hint: '`countersign doctor` shows how to get every tool' },
  SOURCE_UNREACHABLE: { exit: 3, hint: 'is it running? `countersign stack status` shows the local stack' },
  SOURCE_ANSWER: { exit: 3, hint: 'the answer did not have the documented shape' },
  NO_DATA: { exit: 3, hint: 'nothing was measured, so nothing can be said' },
  TIMED_OUT: { exit: 3, hint: 'raise `timeout` of the item if the work is really that long' },
  INTERRUPTED: { exit: 130, hint: 'start it again' },
  SCRIPT_FAILED: { exit: 3, hint: 'the end of its output is in the evidence' },
  EVIDENCE_TOO_LARGE: { exit: 3, hint: 'narrow what the check collects' },
  STACK_FAILED: { exit: 3, hint: 'the log of the process that failed is named above' },
  RUN_MISSING: { exit: 2, hint: '`countersign gate status` lists the runs' },
  RUN_LOCKED: { exit: 2, hint: 'another process drives this run; wait for it or end it' },
  RUN_UNDECIDED: {
    exit: 2,
    hint: 'look whether it took effect, then say `--repeat ITEM` (run it again) or `--give-up ITEM`',
  },
  RUN_FROZEN: { exit: 2, hint: 'a signed report does not change; start a new run' },
  JOURNAL_BROKEN: { exit: 4, hint: 'the journal was changed after it was written; do not trust this run' },
  KEY_INVALID: { exit: 2, hint: '`countersign keys new` makes a key that works' },
  KEY_UNKNOWN: { exit: 4, hint: 'keys, people and roles are declared in the signers file' },
  SIGNERS_UNSIGNED: {
    exit: 4,
    hint: '`countersign keys sign-signers` adds the signature of one person of the signers file before it',
  },
  SIGNING_REFUSED: { exit: 2, hint: '`countersign gate status` shows what is still needed' },
  REPORT_INVALID: { exit: 4, hint: 'the report or its evidence is not what was signed' },
  ARCHIVE_INVALID: {
    exit: 4,
    hint: 'nothing of it was kept; ask for it again, as `countersign gate export` wrote it',
  },
  SYSTEM: {
    exit: 3,
    hint: 'the system refused it: look at the free space, the rights and the kind of that path',
  },
  INTERNAL: { exit: 3, hint: 'this is a defect of countersign; please report it with the command you ran' },
} as const;

export type ErrorCode = keyof typeof table;

/** A place in a file of the user's: 1-based line and column. */
export interface Place {
  file: string;
  line?: number;
  column?: number;
}

export interface ErrorDetails {
  where?: Place;
  hint?: string;
  cause?: unknown;
  /** Further findings of the same kind, each with its own place. */
  problems?: readonly Problem[];
}

/** A finding about the user's own files: not an exception, so that all of them can be shown at once. */
export interface Problem {
  code: ErrorCode;
  message: string;
  where: Place;
  hint?: string;
}

/** The one error class: `code` decides the exit code, `hint` says what to do next. */
export class CountersignError extends Error {
  override readonly name = 'CountersignError';
  readonly code: ErrorCode;
  readonly where: Place | undefined;
  readonly hint: string;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.where = details.where;
    this.hint = details.hint ?? table[code].hint;
    this.problems = details.problems ?? [];
  }

  get exitCode(): number {
    return table[this.code].exit;
  }
}

export const errorCodes = Object.keys(table) as ErrorCode[];

export function showPlace(place: Place): string {
  return [place.file, place.line, place.column].filter((part) => part !== undefined).join(':');
}

/** What a person reads: code, what, where, hint; never a stack. */
export function describeError(error: unknown): string {
  if (isSystemError(error)) return `error SYSTEM: ${messageOf(error)}\n  hint: ${table.SYSTEM.hint}`;
  if (!(error instanceof CountersignError)) {
    return `error INTERNAL: ${messageOf(error)}\n  hint: ${table.INTERNAL.hint}`;
  }
  if (error.problems.length > 0) return error.problems.map(describeProblem).join('\n');
  const where = error.where ? `\n  at ${showPlace(error.where)}` : '';
  return `error ${error.code}: ${error.message}${where}\n  hint: ${error.hint}`;
}

export function describeProblem(problem: Problem): string {
  const hint = problem.hint ?? table[problem.code].hint;
  return `${showPlace(problem.where)} ${problem.code}: ${problem.message}\n  hint: ${hint}`;
}

/** No space, no right to write, not a folder: nobody's defect. */
function isSystemError(thrown: unknown): boolean {
  return thrown instanceof Error && typeof (thrown as NodeJS.ErrnoException).syscall === 'string';
}

/** What was thrown, in words: a connection error of Node has an empty message and a `code`. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === 'object' && !(thrown instanceof Error))
    return inspect(thrown, { breakLength: Infinity });
  if (!(thrown instanceof Error)) return String(thrown);
  const own = thrown.message || (thrown as NodeJS.ErrnoException).code || thrown.name;
  const cause = thrown.cause instanceof Error ? messageOf(thrown.cause) : '';
  return cause && !own.includes(cause) ? `${own}: ${cause}` : own;
}
