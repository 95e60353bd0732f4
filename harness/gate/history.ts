import type { ArtifactRecord, ItemReport, SignOff, Undone } from '../report/schema.ts';
import type { JournalEntry } from './journal.ts';
import type { JournaledAttempt, Restored, RestoredCutover } from './restored.ts';

/** The first line of a run: what it was begun with. */
export interface RunStarted {
  id: string;
  gate: string;
  /** Relative to the project. */
  file: string;
  sha256: string;
  environment: string;
  tool: SignOff['run']['tool'];
  release: SignOff['release'];
  rehearse?: number;
}

/** The last line before the report. */
export interface RunFinished {
  items: Record<string, string>;
  /** What is no longer as it was when the run began; only in a rehearsal. */
  change?: string;
}

export interface Resumption {
  at: string;
  /** The journal had so many lines. */
  after_line: number;
  /** From its last line until then. */
  gap_ms: number;
}

/** Everything that the journal of a run tells about its earlier runners. */
export interface History {
  started?: { at: string } & RunStarted;
  restored: Restored;
  /** Evidence of attempts that ended, and what belongs to no attempt. */
  records: ArtifactRecord[];
  redactions: number;
  /** Time during which a runner was at work, as far as lines tell. */
  usedMs: number;
  resumptions: Resumption[];
  /** Steps back of the machine's clock, in milliseconds. */
  setBacks: number[];
  /** What a reader of the report has to know. */
  notes: string[];
  /** The local stack that was measured. */
  stack?: string;
  /** The release is no longer what was measured. */
  changed?: string;
  aborted?: { who: string; undo: boolean };
  finished?: { at: string } & RunFinished;
}

/** Reads what earlier runners left. Pure: the same lines give the same history. */
export function historyOf(entries: readonly JournalEntry[]): History {
  const draft = emptyDraft();
  for (const entry of entries) {
    if (entry.type === 'run-started' || entry.type === 'run-resumed') draft.from = Date.parse(entry.at);
    draft.history.usedMs += Math.max(0, Date.parse(entry.at) - Math.max(draft.from, draft.until));
    draft.until = Date.parse(entry.at);
    const read = Object.hasOwn(readers, entry.type) ? readers[entry.type as keyof Lines] : undefined;
    (read as Reader<unknown> | undefined)?.(draft, entry.data, entry);
  }
  return {
    ...draft.history,
    records: [...draft.records.values()].filter(({ name }) => !isCutOff(draft, name)),
    restored: restoredOf(draft),
  };
}

type Attempted = {
  id: string;
  attempt: number;
  simulated?: string[];
  redactions?: number;
} & JournaledAttempt;

/** What the runner writes, by the type of its line. */
interface Lines {
  'run-started': RunStarted;
  'run-resumed': Pick<Resumption, 'after_line' | 'gap_ms'>;
  'run-aborted': { who: string; undo: boolean };
  'run-halted': { because: string };
  'run-finished': RunFinished;
  'release-changed': { change: string };
  'stack-used': { id: string };
  'clock-set-back': { by_ms: number };
  'journal-repaired': { line: number; bytes: number };
  'evidence-kept': ArtifactRecord;
  'evidence-forgotten': { names: string[] };
  'item-outdated': { id: string };
  'item-repeated': { id: string; who: string };
  'item-given-up': { id: string; who: string };
  'attempt-started': { id: string; attempt: number };
  'attempt-finished': Attempted;
  'watch-sample': Attempted;
  'item-finished': { id: string; report: ItemReport };
  'undo-finished': Attempted;
  cutover: { id: string; at: string; fresh: RestoredCutover['fresh'] };
}

type Reader<T> = (draft: Draft, data: T, entry: JournalEntry) => void;

interface Draft {
  history: Omit<History, 'records' | 'restored'>;
  /** Where the runner at work began, and the line before this one, in milliseconds since 1970. */
  from: number;
  until: number;
  records: Map<string, ArtifactRecord>;
  finished: Map<string, ItemReport>;
  attempts: Map<string, JournaledAttempt[]>;
  samples: Map<string, JournaledAttempt[]>;
  simulated: Map<string, Set<string>>;
  begun: Set<string>;
  open: Map<string, number>;
  undone: Map<string, Undone>;
  repeat: Set<string>;
  givenUp: Map<string, string>;
  halted?: { because: string };
  cutover?: RestoredCutover;
}

const readers: { [T in keyof Lines]: Reader<Lines[T]> } = {
  'run-started'({ history }, data, { at }) {
    history.started = { ...data, at };
  },
  'run-resumed'(draft, data, { at }) {
    draft.history.resumptions.push({ at, ...data });
    // Whoever went on has cleared it, and what was measured anew may be other bytes under the same name.
    for (const [key, { name }] of draft.records) if (isCutOff(draft, name)) draft.records.delete(key);
  },
  'run-aborted'({ history }, data) {
    history.aborted = data;
    history.notes.push(`${data.who} aborted the run${data.undo ? ', and had it undone' : ''}`);
  },
  'run-halted'(draft, data) {
    draft.halted = data;
  },
  'run-finished'({ history }, data, { at }) {
    history.finished = { ...data, at };
  },
  'release-changed'({ history }, { change }) {
    history.changed = change;
  },
  'stack-used'({ history }, { id }) {
    history.stack = id;
  },
  'clock-set-back': ({ history }, { by_ms }) => void history.setBacks.push(by_ms),
  'journal-repaired': ({ history }, { line, bytes }) =>
    void history.notes.push(
      `line ${line} of the journal was torn when a runner ended; its ${bytes} bytes were cut off`,
    ),
  'evidence-kept': ({ records }, record) => void records.set(keyOf(record), record),
  'evidence-forgotten'({ records }, { names }) {
    for (const [key, { name }] of records) if (names.includes(name)) records.delete(key);
  },
  'item-outdated'(draft, { id }) {
    draft.finished.delete(id);
    const left = (draft.attempts.get(id) ?? []).filter(({ state }) => state !== 'passed');
    if (left.length > 0) draft.attempts.set(id, left);
    else draft.attempts.delete(id);
    for (const [key, { name }] of draft.records)
      if (isBeyond(name, id, left.length)) draft.records.delete(key);
    draft.history.notes.push(`\`${id}\` was measured again: what was seen of it was older than the cutover`);
  },
  'item-repeated'({ history, repeat }, { id, who }) {
    repeat.add(id);
    history.notes.push(`${who} had \`${id}\` run again after a runner ended in the midst of it`);
  },
  'item-given-up'({ history, givenUp }, { id, who }) {
    givenUp.set(id, 'it may have run: the runner ended in the midst of it');
    history.notes.push(`${who} gave \`${id}\` up after a runner ended in the midst of it`);
  },
  'attempt-started'({ begun, open, repeat }, { id, attempt }) {
    // Run again, it began last: it is taken back first.
    if (repeat.delete(id)) begun.delete(id);
    begun.add(id);
    open.set(id, attempt);
  },
  'attempt-finished'(draft, { id, attempt: _attempt, simulated = [], redactions = 0, ...attempt }) {
    draft.open.delete(id);
    push(draft.attempts, id, attempt);
    note(draft, id, simulated, redactions);
  },
  'watch-sample'(draft, { id, attempt: _attempt, simulated = [], redactions = 0, ...sample }) {
    draft.begun.add(id);
    push(draft.samples, id, sample);
    note(draft, id, simulated, redactions);
  },
  'item-finished': ({ finished, open }, { id, report }) => {
    open.delete(id);
    finished.set(id, report);
  },
  'undo-finished'(draft, { id, attempt: _attempt, simulated = [], redactions = 0, reason, ...attempt }) {
    draft.undone.set(id, { state: attempt.state, attempts: [attempt], ...(reason ? { reason } : {}) });
    note(draft, id, simulated, redactions);
  },
  cutover(draft, { id, ...rest }) {
    draft.cutover = { item: id, ...rest };
  },
};

/** Folder of the evidence of an undo, under that of its item. */
export const UNDO_FOLDER = 'undo';

function emptyDraft(): Draft {
  return {
    history: { redactions: 0, usedMs: 0, resumptions: [], setBacks: [], notes: [] },
    from: Number.POSITIVE_INFINITY,
    until: 0,
    records: new Map(),
    finished: new Map(),
    attempts: new Map(),
    samples: new Map(),
    simulated: new Map(),
    begun: new Set(),
    open: new Map(),
    undone: new Map(),
    repeat: new Set(),
    givenUp: new Map(),
  };
}

function note(draft: Draft, id: string, simulated: readonly string[], redactions: number): void {
  draft.simulated.set(id, new Set([...(draft.simulated.get(id) ?? []), ...simulated]));
  draft.history.redactions = Math.max(draft.history.redactions, redactions);
}

function push<T>(lists: Map<string, T[]>, id: string, value: T): void {
  const list = lists.get(id);
  if (list) list.push(value);
  else lists.set(id, [value]);
}

function keyOf({ name, sha256 }: ArtifactRecord): string {
  return `${sha256} ${name}`;
}

/** Evidence of an attempt without an end: it is measured again under the same names, unless it was given up. */
function isCutOff({ open, attempts, samples, givenUp, undone }: Draft, name: string): boolean {
  const [id = '', number = ''] = name.split('/');
  if (number === UNDO_FOLDER) return !undone.has(id);
  if (givenUp.has(id) || !/^[0-9]+$/.test(number)) return false;
  const ended = (attempts.get(id)?.length ?? 0) + (samples.get(id)?.length ?? 0);
  return (open.has(id) || !attempts.has(id)) && Number(number) > ended;
}

/** Evidence of an attempt of that item after the first so many. */
function isBeyond(name: string, item: string, attempts: number): boolean {
  const [id = '', number = ''] = name.split('/');
  return id === item && /^[0-9]+$/.test(number) && Number(number) > attempts;
}

function restoredOf(draft: Draft): Restored {
  const { finished, attempts, samples, simulated, begun, open, undone, repeat, givenUp, halted, cutover } =
    draft;
  return {
    finished: new Map([...finished].map(([id, report]) => [id, withSamples(report, samples.get(id))])),
    attempts: new Map([...attempts].filter(([id]) => !finished.has(id))),
    simulated: new Map([...simulated].map(([id, names]) => [id, [...names].sort()])),
    begun: [...begun],
    open: new Set(open.keys()),
    watches: new Map(
      [...samples].map(([id, taken]) => [id, { startedAt: taken[0]?.started_at ?? '', samples: taken }]),
    ),
    undone,
    repeat,
    givenUp,
    ...(halted ? { halted } : {}),
    ...(cutover ? { cutover } : {}),
  };
}

/** The samples of a watch stand in lines of their own, once. */
function withSamples(report: ItemReport, taken: readonly JournaledAttempt[] = []): ItemReport {
  if (!report.watch) return report;
  const samples = taken.map(({ reason: _reason, ...sample }) => sample);
  return { ...report, attempts: samples.slice(-1), watch: { ...report.watch, samples } };
}
