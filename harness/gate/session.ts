import { join } from 'node:path';
import type { Clock } from '../checks/define.ts';
import { formatDuration, parseDuration, timerMs } from '../config/duration.ts';
import type { Environment } from '../config/environments.ts';
import { findGateFile, type Project, pickEnvironment, readEnvironments } from '../config/project.ts';
import type { ResolvedEnvironment } from '../config/resolve.ts';
import { CountersignError } from '../errors.ts';
import { buildStatement, serialiseStatement } from '../report/build.ts';
import type { SignOff, Statement } from '../report/schema.ts';
import { readRunFile } from '../sign/folder.ts';
import { writeRendered } from '../sign/renderings.ts';
import { sha256 } from '../sign/statement.ts';
import { version } from '../version.ts';
import { EvidenceStore, writeWhole } from './evidence.ts';
import { Journal } from './journal.ts';
import { type LoadedGate, loadGate } from './load.ts';
import { factSchemaName } from './recompute.ts';
import { Redactor } from './redact.ts';
import { changeSince, defaultRequester, describeRelease } from './release.ts';
import { clocksDivided } from './relaxation.ts';
import { type RunInput, type RunListener, runItems } from './run.ts';
import { createRunFolder, lockRun, newRunId, pointLatestAt } from './run-folder.ts';
import { contextMaker } from './scope.ts';
import { type SignersInUse, signersInUse } from './signers-in-use.ts';
import { waiverHook } from './waivers-in-use.ts';
import { contextOn, withStack } from './with-stack.ts';

export interface GateRunOptions {
  project: Project;
  cwd: string;
  /** Id or path of the gate. */
  gate: string;
  environment?: string | undefined;
  requester?: string | undefined;
  /** Divides the stack's intervals and the rules' durations. Default 1. */
  rehearse?: number | undefined;
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  signal: AbortSignal;
  listener: RunListener;
  /** One line about what happens around the items: the stack starts, the report is written. */
  say(line: string): void;
  /** Called once the plan is known, before anything runs. */
  planned?(gate: LoadedGate, environment: Environment, folder: string): void;
}

export interface GateRun {
  id: string;
  folder: string;
  statement: Statement;
  signers: SignersInUse;
}

const DEFAULT_DEADLINE = '1h';

/** Runs a gate from its file to a written, unsigned report. */
export async function runGate(options: GateRunOptions): Promise<GateRun> {
  const { project, clock } = options;
  const environments = await readEnvironments(project.root);
  const file = await findGateFile(project.root, options.cwd, options.gate);
  const gate = await loadGate(project, file, { environments, environment: options.environment });
  const environment = pickEnvironment(environments, gate.gate.environment);
  if (options.rehearse !== undefined && !environment.stack) {
    throw new CountersignError(
      'USAGE',
      `\`${environment.name}\` has no local stack whose clocks could run faster`,
    );
  }
  const signers = await signersInUse(project, environment, gate);
  const id = newRunId(gate.gate.gate, clock.now());
  const folder = await createRunFolder(project, id);
  const release = await lockRun(folder);
  const journal = await Journal.create(join(folder, 'journal.jsonl'), clock);
  try {
    // Before it has a report: `latest` must never be an older run that passed.
    await pointLatestAt(project, folder);
    options.planned?.(gate, environment, folder);
    const statement = await conduct({ ...options, gate, environment, signers, id, folder, journal });
    return { id, folder, statement, signers };
  } finally {
    await journal.close();
    await release();
  }
}

interface Conducted extends Omit<GateRunOptions, 'gate' | 'environment'> {
  gate: LoadedGate;
  environment: Environment;
  signers: SignersInUse;
  id: string;
  folder: string;
  journal: Journal;
}

async function conduct(run: Conducted): Promise<Statement> {
  const { project, gate, environment, journal, clock, folder } = run;
  const redactor = new Redactor();
  const evidence = new EvidenceStore(folder, redactor);
  const startedAt = clock.now();
  const from = clock.monotonic();
  // First of all: a run of an hour must not end with a complaint about the checkout.
  const release = await describeRelease({
    root: project.root,
    gate: gate.gate,
    rehearsal: environment.rehearsal,
    requester: run.requester ?? (await defaultRequester(project.root)),
    gateSha256: gate.sha256,
  });
  const environmentBytes = await keepInputs(run);
  const tool = { name: 'countersign' as const, version: version(), node: process.version };
  await journal.append('run-started', {
    id: run.id,
    gate: gate.gate.gate,
    sha256: gate.sha256,
    environment: environment.name,
    tool,
  });
  const items = await withStack(run, redactor, (resolved) =>
    measureAll({ ...run, release }, resolved, evidence, redactor),
  );
  const change = await changeSince(release, { root: project.root, gate: gate.gate });
  if (change && !environment.rehearsal) {
    throw new CountersignError('CONFIG_INVALID', change, {
      hint: 'leave the checkout alone, and run it again',
    });
  }
  if (change) release.notes.push(change);
  await journal.append('run-finished', {
    items: Object.fromEntries(items.map(({ id, state }) => [id, state])),
  });
  const statement = buildStatement({
    gate: gate.gate,
    gateFile: gate.file,
    gateSha256: gate.sha256,
    run: {
      id: run.id,
      started_at: startedAt.toISOString(),
      finished_at: clock.now().toISOString(),
      duration_ms: Math.round(clock.monotonic() - from),
      tool,
      ...(run.rehearse && run.rehearse > 1 ? { rehearse: run.rehearse } : {}),
    },
    environment: describeEnvironment(environment, environmentBytes),
    release,
    signers: { file: run.signers.file, sha256: run.signers.sha256, rehearsal: environment.rehearsal },
    items,
    relaxations: relaxationsOf(run),
    evidence: evidence.records,
    redactions: redactor.count,
    journal: { head: journal.head.hash, lines: journal.head.seq },
    now: clock.now(),
  });
  await writeReport(folder, statement);
  // Larger than what a verifier reads: said now, not when people come to sign.
  for (const name of ['report.json', 'journal.jsonl']) await readRunFile(folder, name);
  return statement;
}

/** What was made easier on request: a report with one can never read a plain GO. */
function relaxationsOf({ environment, rehearse = 1 }: Conducted): string[] {
  if (!environment.stack || rehearse === 1) return [];
  return [clocksDivided(rehearse)];
}

/** The bytes that people will sign, and the renderings of them. */
export async function writeReport(folder: string, statement: Statement): Promise<void> {
  const bytes = serialiseStatement(statement);
  await writeWhole(join(folder, 'report.json'), bytes);
  await writeRendered(folder, { sha256: sha256(bytes), statement });
}

/** Copies of what the verdict rests on, so that the folder can be judged alone. */
async function keepInputs({ folder, gate, environment, signers }: Conducted): Promise<Buffer> {
  const bytes = Buffer.from(`${JSON.stringify(environment, null, 2)}\n`);
  await writeWhole(join(folder, 'gate.yml'), gate.yaml.bytes);
  await writeWhole(join(folder, 'signers.yml'), signers.bytes);
  await writeWhole(join(folder, 'environment.json'), bytes);
  return bytes;
}

async function measureAll(
  run: Conducted & { release: SignOff['release'] },
  resolved: ResolvedEnvironment,
  evidence: EvidenceStore,
  redactor: Redactor,
): Promise<SignOff['items']> {
  const { gate, journal, clock, listener, environment } = run;
  const halt = new AbortController();
  const deadlineMs = parseDuration(gate.gate.timeout ?? DEFAULT_DEADLINE);
  const deadline = setTimeout(() => halt.abort(deadlinePassed(deadlineMs)), timerMs(deadlineMs));
  const signal = AbortSignal.any([run.signal, halt.signal]);
  const shared = contextOn({ ...run, signal }, resolved, redactor);
  const context = { ...shared, gate: gate.gate.gate, runId: run.id };
  const waive = waiverHook({ ...run, root: run.project.root, evidence, redactor });
  const input: RunInput = {
    gate,
    ...(waive ? { waive } : {}),
    rehearsal: environment.rehearsal,
    writes: environment.writes ?? false,
    journal,
    redactor,
    clock,
    signal,
    stop: (reason) => halt.abort(reason),
    listener,
    rehearse: run.rehearse,
    scope: contextMaker(context, evidence, resolved.view.simulators),
  };
  try {
    await keepFactSchemas(gate, evidence);
    return await runItems(input);
  } finally {
    clearTimeout(deadline);
    await shared.sources.close();
    await evidence.seal();
  }
}

function deadlinePassed(milliseconds: number): CountersignError {
  return new CountersignError('TIMED_OUT', `the gate's deadline of ${formatDuration(milliseconds)} passed`, {
    hint: 'raise `timeout` of the gate if its work is really that long',
  });
}

/** Whoever judges the facts again needs their types, and must not have to trust another version of a kind. */
async function keepFactSchemas(gate: LoadedGate, evidence: EvidenceStore): Promise<void> {
  const kinds = new Map(gate.items.flatMap(({ kind }) => (kind ? [[kind.kind, kind.facts] as const] : [])));
  for (const [kind, facts] of kinds) {
    await evidence.put(factSchemaName(kind), JSON.stringify(facts, null, 2), 'application/schema+json');
  }
}

function describeEnvironment(environment: Environment, bytes: Buffer): SignOff['environment'] {
  const simulators = Object.entries(environment.sources ?? {}).flatMap(([name, source]) =>
    'simulated' in source && source.simulated ? [name] : [],
  );
  return {
    name: environment.name,
    title: environment.title,
    rehearsal: environment.rehearsal,
    zone: environment.zone ?? 'UTC',
    sha256: sha256(bytes),
    simulators,
  };
}
