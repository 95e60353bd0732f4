import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool } from '#harness/tools/find.ts';
import { freePort } from './free-port.ts';

export interface TestRedis {
  url: string;
  pause(): void;
  resume(): void;
  /** It forgets everything and keeps its port. */
  restart(whileDown?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

const startsAtMost = 3;

/** A real Redis in a temporary folder, which writes nothing to disk. */
export async function startTestRedis(env: NodeJS.ProcessEnv = process.env): Promise<TestRedis> {
  const { path } = await findTool('redis-server', { env, bring: true });
  const folder = await mkdtemp(join(tmpdir(), 'countersign-redis-'));
  let port = 0;
  let child: ChildProcess | undefined;
  // Between finding a free port and using it, somebody else may take it.
  for (let start = 1; !child && start <= startsAtMost; start++) {
    port = await freePort();
    child = await launch(path, port, folder).catch(() => undefined);
  }
  if (!child) throw new Error(`redis-server did not start in ${startsAtMost} tries`);
  let running = child;
  return {
    url: `redis://127.0.0.1:${port}`,
    pause: () => void running.kill('SIGSTOP'),
    resume: () => void running.kill('SIGCONT'),
    async restart(whileDown = async () => {}) {
      await end(running);
      await whileDown();
      running = await launch(path, port, folder);
    },
    async stop() {
      await end(running);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function launch(path: string, port: number, folder: string): Promise<ChildProcess> {
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', ''];
  const child = spawn(path, settings, { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      said += chunk;
      if (said.includes('Ready to accept connections')) resolve();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`redis-server ended: ${said.slice(-500)}`)));
  });
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
