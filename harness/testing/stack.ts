import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Environment, ServiceConfig } from '../config/environments.ts';
import { type RunningStack, type StackOptions, startStack } from '../stack/stack.ts';
import { stackDown } from '../stack/up.ts';

const server = `require('node:http').createServer((q, s) => s.end('answers_total 1\\n')).listen(process.env.PORT, '127.0.0.1')`;

/** A service that answers, and can be scraped. */
export const api: ServiceConfig = {
  name: 'api',
  command: ['node', '-e', server],
  env: { PORT: '${port.api}' },
  ready: { http: 'http://127.0.0.1:${port.api}/' },
};

export function environment(stack: Environment['stack'], more: Partial<Environment> = {}): Environment {
  return { name: 'local', title: 'Local', rehearsal: true, ...(stack && { stack }), ...more };
}

/** A project of its own, in which stacks start; nothing of them outlives `close`. */
export class StackProject {
  root = '';
  readonly #running: RunningStack[] = [];

  async open(): Promise<void> {
    this.root = await mkdtemp(join(tmpdir(), 'countersign-stack-'));
    await mkdir(join(this.root, 'checklists'));
  }

  async start(given: Environment, more: Partial<StackOptions> = {}): Promise<RunningStack> {
    const { PATH, HOME } = process.env;
    const options = { root: this.root, env: { PATH, HOME }, onSecret: () => {}, ...more };
    const stack = await startStack(given, options);
    this.#running.push(stack);
    return stack;
  }

  async writeEnvironment({ name, ...rest }: Environment): Promise<void> {
    const file = join(this.root, 'checklists', 'environments.yml');
    await writeFile(file, JSON.stringify({ environments: { [name]: rest } }));
  }

  async close(): Promise<void> {
    for (const stack of this.#running.splice(0)) await stack.stop();
    await stackDown(this.root, 'local');
    await rm(this.root, { recursive: true, force: true });
  }
}

/** What `ask` answers once it answers anything; a failure counts as not yet. */
export async function eventually<T>(ask: () => Promise<T | undefined>, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await pause(50);
  }
  throw new Error('it never came');
}

export function isOpen(port: number | undefined): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port ?? 0, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}
