import { join } from 'node:path';
import type { Clock } from '../checks/define.ts';
import type { Environment } from '../config/environments.ts';
import { findGateFile, type Project, pickEnvironment, readEnvironments } from '../config/project.ts';
import { CountersignError } from '../errors.ts';
import type { Statement } from '../report/schema.ts';
import { version } from '../version.ts';
import { type Conducted, conduct } from './conduct.ts';
import { EvidenceStore } from './evidence.ts';
import { historyOf, type RunStarted } from './history.ts';
import { type Inputs, keepInputs } from './inputs.ts';
import { Journal } from './journal.ts';
import { lastGo } from './last-go.ts';
import { type LoadedGate, loadGate } from './load.ts';
import { Redactor } from './redact.ts';
import { defaultRequester, describeRelease } from './release.ts';
import type { RunListener } from './run.ts';
import { openClock } from './run-clock.ts';
import { createRunFolder, lockRun, newRunId, pointLatestAt } from './run-folder.ts';
import { type SignersInUse, signersInUse } from './signers-in-use.ts';

/** What a runner is given, whether it begins a run or goes on with one. */
export interface RunnerOptions {
  project: Project;
  env: Readonly<Record<string, string | undefined>>;
  clock: Clock;
  /** Aborted without a reason of its own it interrupts the run: no report then, and `resumeGate` goes on. */
  signal: AbortSignal;
  listener: RunListener;
  /** One line about what happens around the items: the stack starts, the report is written. */
  say(line: string): void;
  /** Called once the plan is known, before anything runs. */
  planned?(gate: LoadedGate, environment: Environment, folder: string): void;
}

export interface GateRunOptions extends RunnerOptions {
  cwd: string;
  /** Id or path of the gate. */
  gate: string;
  environment?: string | undefined;
  requester?: string | undefined;
  /** Divides the stack's intervals and the rules' durations. Default 1. */
  rehearse?: number | undefined;
}

export interface GateRun {
  id: string;
  folder: string;
  statement: Statement;
  signers: SignersInUse;
}

/** Runs a gate from its file to a written, unsigned report. */
export async function runGate(options: GateRunOptions): Promise<GateRun> {
  const { project } = options;
  const inputs = await inputsOf(options);
  const { clock, setBacks, journalTo } = openClock(options.clock);
  const id = newRunId(inputs.gate.gate.gate, clock.now());
  const folder = await createRunFolder(project, id);
  const release = await lockRun(folder);
  try {
    const journal = await Journal.create(join(folder, 'journal.jsonl'), clock);
    try {
      journalTo(journal);
      // Before it has a report: `latest` must never be an older run that passed.
      await pointLatestAt(project, folder);
      options.planned?.(inputs.gate, inputs.environment, folder);
      const started = await startedWith(options, inputs, id);
      await keepInputs(folder, inputs);
      const line = await journal.append('run-started', started);
      const history = historyOf([line]);
      const begun = { at: line.at, ...started };
      const runner = startRunner(options, { id, folder, inputs, journal, clock, setBacks, history, begun });
      return { id, folder, statement: await conduct(runner), signers: inputs.signers };
    } finally {
      await journal.close();
    }
  } finally {
    await release();
  }
}

async function inputsOf({ project, cwd, ...options }: GateRunOptions): Promise<Inputs> {
  const environments = await readEnvironments(project.root);
  const file = await findGateFile(project.root, cwd, options.gate);
  const gate = await loadGate(project, file, { environments, environment: options.environment });
  const environment = pickEnvironment(environments, gate.gate.environment);
  if (options.rehearse !== undefined && !environment.stack) {
    throw new CountersignError(
      'USAGE',
      `\`${environment.name}\` has no local stack whose clocks could run faster`,
    );
  }
  return { gate, environment, signers: await signersInUse(project, environment, gate) };
}

/** First of all the release: a run of an hour must not end with a complaint about the checkout. */
async function startedWith(
  options: GateRunOptions,
  { gate, environment, signers }: Inputs,
  id: string,
): Promise<RunStarted> {
  const { project, requester, rehearse } = options;
  const { root } = project;
  const release = await describeRelease({
    root,
    gate: gate.gate,
    rehearsal: environment.rehearsal,
    requester: requester ?? (await defaultRequester(root)),
    gateSha256: gate.sha256,
    lastGo: (but) =>
      lastGo({ ...options, gate: gate.gate, environment, signers, now: options.clock.now(), but }),
  });
  return {
    id,
    gate: gate.gate.gate,
    file: gate.file,
    sha256: gate.sha256,
    environment: environment.name,
    tool: { name: 'countersign', version: version(), node: process.version },
    release,
    ...(rehearse ? { rehearse } : {}),
  };
}

type OfRun = Pick<Conducted, 'id' | 'folder' | 'journal' | 'clock' | 'setBacks' | 'history' | 'begun'> & {
  inputs: Inputs;
};

/** A runner for a run whose journal is open, with all that earlier ones kept. */
export function startRunner(options: RunnerOptions, { inputs, ...run }: OfRun): Conducted {
  const { project, env, signal, listener, say } = options;
  const { folder, history, journal, clock } = run;
  const redactor = new Redactor(history.redactions);
  return {
    ...run,
    ...inputs,
    project,
    env,
    signal,
    listener,
    say,
    redactor,
    evidence: new EvidenceStore(folder, redactor, history.records, journal),
    from: clock.monotonic(),
  };
}
