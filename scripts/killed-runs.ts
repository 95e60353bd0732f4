import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const bin = join(import.meta.dirname, '../harness/bin.mjs');
const runsFolder = '.countersign/runs';

/** One kill -9: how long the runner lived, and where it was. */
export interface Kill {
  aliveMs: number;
  /** Of the journal. */
  lines: number;
  last: string;
}

/** What a run came to. */
export interface Ended {
  decision: string;
  states: readonly [id: string, state: string][];
  resumptions: number;
}

/** Verdict and states as lines, to be compared. */
export function endOf({ decision, states }: Ended): string[] {
  return [`decision ${decision}`, ...states.map(([id, state]) => `${id} ${state}`)];
}

interface Setting {
  root: string;
  /** The command that begins a run. */
  begin: readonly string[];
  /** 0 to 1. */
  random(): number;
  /** Until what a killed runner's items left behind has ended. */
  settle(): Promise<void>;
  onKill(kill: Kill): void;
  /** Items that a runner was cut off in, and that are run again. */
  onRepeat(items: readonly string[]): void;
}

/** Runs of a gate whose runner is killed, and gone on with. */
export class Runs {
  readonly #setting: Setting;

  constructor(setting: Setting) {
    this.#setting = setting;
  }

  async unbroken(): Promise<Ended> {
    const before = await this.#folders();
    const life = await this.#live(this.#setting.begin);
    const [run] = await this.#since(before);
    return this.#read(run, life.stderr);
  }

  /** One run, its runner killed at most so many times. */
  async killed(most: number, meanMs: number): Promise<Ended> {
    const before = await this.#folders();
    let command = this.#setting.begin;
    for (let kills = 0; ; ) {
      const lifeMs = kills < most ? 200 + 2 * meanMs * this.#setting.random() : undefined;
      const life = await this.#live(command, lifeMs);
      const [run] = await this.#since(before);
      const undecided = [...life.stderr.matchAll(/--repeat ([a-z0-9-]+)/g)].flatMap(([, id]) => id ?? []);
      if (life.killed) kills += 1;
      else if (undecided.length === 0) return this.#read(run, life.stderr);
      const lines = run ? await this.#journal(run) : [];
      command = lines.length > 0 && run ? resume(run, undecided) : this.#setting.begin;
      if (life.killed) this.#setting.onKill({ ...whereItWas(lines), aliveMs: life.aliveMs });
      else this.#setting.onRepeat(undecided);
    }
  }

  async #live(command: readonly string[], lifeMs?: number) {
    const from = performance.now();
    const child = spawn(process.execPath, [bin, ...command], {
      cwd: this.#setting.root,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    const ended = new Promise<number | null>((done) => child.once('exit', done));
    const stop = new AbortController();
    const due = lifeMs === undefined ? new Promise<never>(() => {}) : pause(lifeMs, 'due' as const, stop);
    const first = await Promise.race([ended, due]);
    stop.abort();
    if (first !== 'due') return { killed: false, exit: first, stderr, aliveMs: performance.now() - from };
    await this.#kill(child);
    return { killed: true, exit: await ended, stderr: '', aliveMs: performance.now() - from };
  }

  /** Kills the runner alone; what it had started goes on, and is waited for. */
  async #kill(child: ChildProcess): Promise<void> {
    const left = childrenOf(child.pid ?? 0);
    child.kill('SIGKILL');
    while (left.some(isAlive)) await pause(50);
    await this.#setting.settle();
  }

  async #folders(): Promise<string[]> {
    return readdir(join(this.#setting.root, runsFolder)).catch(() => []);
  }

  async #since(before: readonly string[]): Promise<string[]> {
    return (await this.#folders())
      .filter((name) => !before.includes(name))
      .sort()
      .reverse();
  }

  async #journal(run: string): Promise<string[]> {
    const file = join(this.#setting.root, runsFolder, run, 'journal.jsonl');
    return (await readFile(file, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  }

  /** Throws what the runner said, where it left no report. */
  async #read(run: string | undefined, said: string): Promise<Ended> {
    const file = join(this.#setting.root, runsFolder, run ?? '', 'report.json');
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new Error(said, { cause });
    });
    const { predicate } = JSON.parse(text);
    return {
      decision: predicate.decision,
      states: predicate.items.map(({ id, state }: { id: string; state: string }) => [id, state]),
      resumptions: predicate.run.resumptions?.length ?? 0,
    };
  }
}

function resume(run: string, repeat: readonly string[]): string[] {
  return ['gate', 'resume', run, '--as', 'kill-runner', ...repeat.flatMap((id) => ['--repeat', id])];
}

function whereItWas(lines: readonly string[]): Pick<Kill, 'lines' | 'last'> {
  const last = lines.at(-1);
  return { lines: lines.length, last: last ? tellOf(last) : 'before its first line' };
}

function tellOf(line: string): string {
  try {
    const { type, data } = JSON.parse(line) as { type: string; data?: { id?: string } };
    return data?.id ? `${type} ${data.id}` : type;
  } catch {
    return 'a torn line';
  }
}

function childrenOf(pid: number): number[] {
  const table = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' });
  const rows = table
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  return rows.flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
