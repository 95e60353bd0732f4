import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Environment } from '../config/environments.ts';
import { CountersignError, type ErrorCode } from '../errors.ts';
import { exists } from '../tools/cache.ts';
import { stackDigest } from './digest.ts';
import { ownFile } from './own-file.ts';
import {
  clearLeftovers,
  isSame,
  readState,
  type StackState,
  stackFolder,
  stateFile,
  supervisorLog,
  workFolder,
} from './state.ts';

export interface UpOptions {
  root: string;
  env: Readonly<Record<string, string | undefined>>;
  rehearse: number;
  signal: AbortSignal;
  say(line: string): void;
}

/** What the supervisor tells the command that started it. */
export type StackReport =
  | { line: string }
  | { ready: true }
  | { failed: { code: ErrorCode; message: string; hint?: string } };

/** Leaves a stack running behind a supervisor of its own; one that is up already with the same settings stays. */
export async function stackUp(
  environment: Environment,
  options: UpOptions,
): Promise<{ state: StackState; reused: boolean }> {
  const { root, env, rehearse, say } = options;
  const { name, stack } = environment;
  if (!stack) {
    throw new CountersignError('CONFIG_INVALID', `the environment \`${name}\` has no stack`);
  }
  const databaseUrl = stack.postgres ? env['DATABASE_URL'] : undefined;
  const digest = await stackDigest(environment, { root, databaseUrl, rehearse });
  const running = await readState(root, name);
  if (running?.digest === digest) return { state: running, reused: true };
  if (running) {
    say('the settings have changed: ending the stack that is up');
    await stackDown(root, name);
  }
  await supervised(name, options);
  const state = await readState(root, name);
  if (!state)
    throw new CountersignError('STACK_FAILED', `the stack of \`${name}\` ended as soon as it was up`);
  return { state, reused: false };
}

async function supervised(name: string, { root, env, rehearse, signal, say }: UpOptions): Promise<void> {
  const folder = stackFolder(root, name);
  await mkdir(folder, { recursive: true });
  const log = openSync(join(folder, supervisorLog), 'w', 0o600);
  const child = spawn(process.execPath, [ownFile('supervise'), root, name, String(rehearse)], {
    cwd: root,
    env: { ...env },
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const interrupt = () => child.kill('SIGTERM');
  signal.addEventListener('abort', interrupt, { once: true });
  try {
    await untilReady(child, say, join(folder, supervisorLog));
  } finally {
    signal.removeEventListener('abort', interrupt);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function untilReady(child: ChildProcess, say: (line: string) => void, log: string): Promise<void> {
  return new Promise((done, fail) => {
    child.on('message', (message) => {
      const report = message as StackReport;
      if ('line' in report) say(report.line);
      else if ('ready' in report) done();
      else {
        const { code, message, hint } = report.failed;
        fail(new CountersignError(code, message, hint ? { hint } : {}));
      }
    });
    child.once('error', fail);
    child.once('exit', () => {
      fail(
        new CountersignError('STACK_FAILED', 'the supervisor of the stack has ended', {
          hint: `its log is ${log}`,
        }),
      );
    });
  });
}

const endMs = 30_000;

/** Ends a stack, whoever owns it, and waits until nothing of it is left but logs. False when none was up. */
export async function stackDown(root: string, environment: string): Promise<boolean> {
  const folder = stackFolder(root, environment);
  const running = await readState(root, environment);
  if (!running) {
    const leftovers = await exists(stateFile(folder));
    if (leftovers) await clearLeftovers(folder);
    return leftovers;
  }
  process.kill(running.owner.pid, 'SIGTERM');
  const deadline = Date.now() + endMs;
  while (Date.now() < deadline) {
    const left = (await exists(stateFile(folder))) || (await exists(workFolder(folder)));
    if (!left && !(await isSame(running.owner))) return true;
    await pause(30);
  }
  throw new CountersignError('STACK_FAILED', `the stack of \`${environment}\` did not end`, {
    hint: `its owner is process ${running.owner.pid}`,
  });
}
