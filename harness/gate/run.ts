import type { CheckContext, Clock } from '../checks/define.ts';
import { parseDuration, timerMs } from '../config/duration.ts';
import { messageOf } from '../errors.ts';
import type { ArtifactRecord, Attempt, ItemReport } from '../report/schema.ts';
import { runAttempt } from './attempt.ts';
import type { NeededFacts } from './evaluate.ts';
import type { FactSchema } from './facts.ts';
import type { Journal } from './journal.ts';
import type { LoadedGate, LoadedItem } from './load.ts';
import type { Redactor } from './redact.ts';
import { letsPass, stateOfAttempts } from './verdict.ts';

/** What the live display shows. */
export interface RunListener {
  started(item: LoadedItem): void;
  progress(item: LoadedItem, message: string): void;
  attempted(item: LoadedItem, attempt: Attempt & { reason?: string }): void;
  finished(item: LoadedItem, report: ItemReport): void;
}

/** A CheckContext for one attempt, with the evidence it keeps and the simulators it touches. */
export interface AttemptScope {
  context: CheckContext;
  artifacts: readonly ArtifactRecord[];
  simulated: ReadonlySet<string>;
}

export interface RunInput {
  gate: LoadedGate;
  rehearsal: boolean;
  writes: boolean;
  journal: Journal;
  redactor: Redactor;
  clock: Clock;
  /** Aborted on Ctrl-C and at the gate's deadline. */
  signal: AbortSignal;
  /** Ends what still runs, because the run itself can not go on. */
  stop(reason: unknown): void;
  listener: RunListener;
  scope(
    item: LoadedItem,
    attempt: number,
    needs: CheckContext['needs'],
    progress: (message: string) => void,
  ): AttemptScope;
}

const DEFAULT_TIMEOUT = '60s';
const DEFAULT_CONCURRENCY = 8;

/** Runs every item as soon as what it needs is done. Resolves with one report an item, in the gate's order. */
export async function runItems(input: RunInput): Promise<ItemReport[]> {
  const { gate, journal } = input;
  const reports = new Map<string, ItemReport>();
  const limit = limiter(gate.gate.concurrency ?? DEFAULT_CONCURRENCY);
  const running = new Map<string, Promise<void>>();
  for (const id of gate.levels.flat()) {
    const item = gate.items.find((candidate) => candidate.id === id);
    if (!item) continue;
    running.set(
      id,
      (async () => {
        await Promise.all((item.needs ?? []).map((need) => running.get(need)));
        const report = await runItem(input, item, reports, limit);
        await journal.append('item-finished', { id, state: report.state, reason: report.reason ?? null });
        reports.set(id, report);
        input.listener.finished(item, report);
      })(),
    );
    running.get(id)?.catch(input.stop);
  }
  // Nothing may still be at work when the journal and the sources are closed.
  await Promise.allSettled(running.values());
  await Promise.all(running.values());
  return gate.items.flatMap(({ id }) => reports.get(id) ?? []);
}

async function runItem(
  input: RunInput,
  item: LoadedItem,
  reports: ReadonlyMap<string, ItemReport>,
  limit: Limiter,
): Promise<ItemReport> {
  const base = baseReport(item, input.redactor);
  const blocker = (item.needs ?? [])
    .map((need) => reports.get(need))
    .find((need) => need && !letsPass.has(need.state));
  if (blocker)
    return { ...base, state: 'blocked', reason: `it needs \`${blocker.id}\`, which is ${blocker.state}` };
  if (item.attest) return manual(base, item, input.rehearsal);
  if (item.kind?.effects === 'writes' && !input.writes) {
    return { ...base, state: 'error', reason: 'it writes, and this environment does not allow writes' };
  }
  return limit(async () => {
    if (input.signal.aborted)
      return {
        ...base,
        state: 'error',
        reason: `it did not begin: ${messageOf(input.signal.reason)}`,
      };
    input.listener.started(item);
    return attempts(input, item, base, reports);
  });
}

type Judged = Attempt & { reason?: string };

async function attempts(
  input: RunInput,
  item: LoadedItem,
  base: ItemReport,
  reports: ReadonlyMap<string, ItemReport>,
): Promise<ItemReport> {
  const simulated = new Set<string>();
  const measure = (number: number) => attemptOnce(input, item, number, reports, simulated);
  const { made, settled } = item.settle
    ? await untilSettled(input, item, parseDuration(item.settle), measure)
    : { made: await retried(input, item, measure) };
  const states = made.map((attempt) => attempt.state);
  const state = stateOfAttempts(states, item.flaky);
  const reason = reasonFor(state, made);
  return {
    ...base,
    state,
    ...(reason ? { reason } : {}),
    attempts: made.map(({ reason: _reason, ...attempt }) => attempt),
    ...(settled ? { settled } : {}),
    simulated: [...simulated].sort(),
  };
}

async function retried(
  input: RunInput,
  item: LoadedItem,
  measure: (number: number) => Promise<Judged>,
): Promise<Judged[]> {
  const made: Judged[] = [];
  const most = 1 + (item.kind?.effects === 'writes' ? 0 : (item.retries ?? 0));
  while (made.length < most) {
    if (made.length > 0) await pause(retryAfter(item), input.signal);
    if (made.length > 0 && input.signal.aborted) break;
    const attempt = await measure(made.length + 1);
    made.push(attempt);
    input.listener.attempted(item, attempt);
    if (attempt.state === 'passed') break;
  }
  return made;
}

/** A declared wait is no retry: what passes in time has passed, and what did not is judged by its last measurement. */
async function untilSettled(
  input: RunInput,
  item: LoadedItem,
  mostMs: number,
  measure: (number: number) => Promise<Judged>,
): Promise<{ made: Judged[]; settled: NonNullable<ItemReport['settled']> }> {
  const { clock, signal, listener } = input;
  const from = clock.monotonic();
  for (let measurements = 1; ; measurements += 1) {
    const attempt = await measure(measurements);
    const waited = Math.round(clock.monotonic() - from);
    const over = attempt.state === 'passed' || waited + retryAfter(item) > mostMs;
    if (!over) {
      listener.progress(item, attempt.reason ?? attempt.state);
      await pause(retryAfter(item), signal);
    }
    // Stopped while it waited: what was measured last stands, and no measurement is begun to be cut off.
    if (over || signal.aborted) {
      listener.attempted(item, attempt);
      return { made: [attempt], settled: { measurements, waited_ms: waited } };
    }
  }
}

function retryAfter(item: LoadedItem): number {
  return parseDuration(item.retry_after ?? '1s');
}

async function attemptOnce(
  input: RunInput,
  item: LoadedItem,
  number: number,
  reports: ReadonlyMap<string, ItemReport>,
  simulated: Set<string>,
): Promise<Attempt & { reason?: string }> {
  const needs = neededFacts(input.gate, item, reports);
  const facts = Object.fromEntries(Object.entries(needs).map(([id, need]) => [id, need.facts]));
  const scope = input.scope(item, number, facts, (message) =>
    input.listener.progress(item, input.redactor.text(message)),
  );
  await input.journal.append('attempt-started', { id: item.id, attempt: number });
  const attempt = await runAttempt({
    item,
    needs,
    context: scope.context,
    artifacts: scope.artifacts,
    redactor: input.redactor,
    clock: input.clock,
    timeoutMs: parseDuration(item.timeout ?? DEFAULT_TIMEOUT),
  });
  for (const name of scope.simulated) simulated.add(name);
  await input.journal.append('attempt-finished', { id: item.id, attempt: number, ...attempt });
  return attempt;
}

function neededFacts(
  gate: LoadedGate,
  item: LoadedItem,
  reports: ReadonlyMap<string, ItemReport>,
): Record<string, NeededFacts> {
  return Object.fromEntries(
    (item.needs ?? []).flatMap((id) => {
      const facts = reports.get(id)?.attempts.at(-1)?.facts;
      const kind = gate.items.find((candidate) => candidate.id === id)?.kind;
      return facts && kind
        ? [[id, { facts: facts as Record<string, unknown>, schema: kind.facts as FactSchema }]]
        : [];
    }),
  );
}

function baseReport(item: LoadedItem, redactor: Redactor): ItemReport {
  return {
    id: item.id,
    title: item.title,
    covers: [...(item.covers ?? [])],
    needs: [...(item.needs ?? [])],
    state: 'error',
    ...(item.kind
      ? { check: item.kind.kind, effects: item.kind.effects, with: redactor.json(item.options) }
      : {}),
    ...(item.attest ? { attest: { role: item.attest.role, about: [...(item.attest.about ?? [])] } } : {}),
    attempts: [],
    simulated: [],
  };
}

function manual(base: ItemReport, item: LoadedItem, rehearsal: boolean): ItemReport {
  const role = item.attest?.role ?? '';
  if (rehearsal) return { ...base, state: 'rehearsed', reason: `in a release, ${role} attests this` };
  return { ...base, state: 'pending', reason: `${role} has to attest this` };
}

function reasonFor(
  state: ItemReport['state'],
  made: readonly (Attempt & { reason?: string })[],
): string | undefined {
  if (state === 'passed') return undefined;
  const causes = made.flatMap(({ reason }) => reason ?? []);
  if (state === 'flaky') return `passed at attempt ${made.length}; before: ${causes.at(-1)}`;
  const last = made.at(-1);
  if (last?.state === 'passed')
    return `passed only at attempt ${made.length}, and flaky does not count here; before: ${causes.at(-1)}`;
  return causes.at(-1) ?? 'it was not measured';
}

type Limiter = <T>(work: () => Promise<T>) => Promise<T>;

function limiter(most: number): Limiter {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, timerMs(milliseconds));
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
