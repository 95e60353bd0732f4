import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { CountersignError } from '../errors.ts';
import { lastLines } from '../tools/last-lines.ts';
import { ownFile } from './own-file.ts';

export interface ProcessSpec {
  name: string;
  /** Program and arguments. */
  command: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd: string;
  /** What asks it to end. Default SIGTERM. */
  endSignal?: NodeJS.Signals;
  /** Higher ends earlier. Default 2. */
  wave?: number;
  uid?: number | undefined;
  gid?: number | undefined;
}

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface StackProcess {
  name: string;
  pid: number;
  log: string;
  exited: Promise<ProcessExit>;
  isAlive(): boolean;
}

/** Holds the child until the guard knows it: from then on it can't outlive its owner, even one killed at once. */
const waitThenRun = 'IFS= read -r go && exec "$@" </dev/null';

/** The child processes of one stack, and the guard that ends them all. */
export class Processes {
  readonly #logs: string;
  readonly #guard: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  readonly #started: StackProcess[] = [];
  readonly #leftovers: string[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(logs: string) {
    this.#logs = logs;
    this.#guard = spawn(process.execPath, [ownFile('guard')], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {},
    });
    this.#guard.stdin?.on('error', () => {});
    this.#lines = createInterface({ input: this.#guard.stdout as NodeJS.ReadableStream });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  get guardPid(): number | undefined {
    return this.#guard.pid;
  }

  get started(): readonly StackProcess[] {
    return this.#started;
  }

  /** Starts a program; its output goes straight to `<name>.log`. */
  async start(spec: ProcessSpec): Promise<StackProcess> {
    const log = join(this.#logs, `${spec.name}.log`);
    const output = openSync(log, 'a', 0o600);
    const child = spawn('/bin/sh', ['-c', waitThenRun, 'sh', ...spec.command], {
      cwd: spec.cwd,
      env: { ...spec.env },
      detached: true,
      stdio: ['pipe', output, output],
      ...(spec.uid === undefined ? {} : { uid: spec.uid, gid: spec.gid }),
    });
    closeSync(output);
    const { pid } = child;
    if (pid === undefined) {
      const [cause] = await once(child, 'error');
      throw new CountersignError('STACK_FAILED', `${spec.name} could not be started`, { cause });
    }
    child.stdin?.on('error', () => {});
    const exited = new Promise<ProcessExit>((done) => {
      child.once('exit', (code, signal) => done({ code, signal }));
    });
    const isAlive = () => child.exitCode === null && child.signalCode === null;
    const started = { name: spec.name, pid, log, exited, isAlive };
    try {
      await this.#tell(`add ${pid} ${spec.endSignal ?? 'SIGTERM'} ${spec.wave ?? 2}`);
    } catch (thrown) {
      child.stdin?.destroy();
      throw thrown;
    }
    this.#started.push(started);
    child.stdin?.end('go\n');
    return started;
  }

  /** The path is removed when the stack ends, whatever ends it. */
  async removeAtEnd(path: string): Promise<void> {
    this.#leftovers.push(path);
    await this.#tell(`remove ${JSON.stringify(path)}`);
  }

  /** Ends every process, the last wave too, and waits until they are gone. */
  async end(): Promise<void> {
    const gone =
      this.#guard.exitCode === null && this.#guard.signalCode === null
        ? once(this.#guard, 'exit')
        : undefined;
    this.#guard.stdin?.end();
    await gone;
    this.#lines.close();
    if (this.#guard.exitCode !== 0) await this.#endWithoutGuard();
    await Promise.all(this.#started.map((started) => started.exited));
  }

  /** Somebody ended the guard, so its work is ours. */
  async #endWithoutGuard(): Promise<void> {
    for (const { pid, isAlive } of this.#started) if (isAlive()) process.kill(-pid, 'SIGKILL');
    for (const path of this.#leftovers) await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }

  #tell(line: string): Promise<void> {
    const told = this.#turn.then(async () => {
      this.#guard.stdin?.write(`${line}\n`);
      const answer = await this.#answers.next();
      if (answer.done) throw new CountersignError('STACK_FAILED', 'the guard of the local stack has ended');
    });
    this.#turn = told.catch(() => {});
    return told;
  }
}

/** `api ended with code 1`, the end of its log, and where the rest is. */
export async function failureOf(what: string, started: StackProcess): Promise<CountersignError> {
  const end = lastLines(await readFile(started.log, 'utf8').catch(() => ''), 8);
  const quoted = end ? `\n${end.replace(/^/gm, '  | ')}` : '';
  return new CountersignError('STACK_FAILED', `${started.name} ${what}${quoted}`, {
    hint: `the whole log is ${started.log}`,
  });
}

export function describeExit({ code, signal }: ProcessExit): string {
  return signal ? `was ended by ${signal}` : `ended with code ${code}`;
}
