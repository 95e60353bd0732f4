import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

/*
 * A process of its own, the only one that outlives the stack's owner. It is told of every child before the child
 * runs; when its input ends, because the owner closed it or was killed, it ends the children and removes what
 * they left. Lines: `add PID SIGNAL WAVE`, `remove "PATH"`. Every line is answered by `ok`.
 */
interface Child {
  pid: number;
  signal: NodeJS.Signals;
  /** Children of a higher wave end first: services before the database they write to. */
  wave: number;
}

/** Time that a child has to end by itself. */
const graceMs = 8_000;

const children: Child[] = [];
const leftovers: string[] = [];

for await (const line of createInterface({ input: process.stdin })) {
  const [verb, ...rest] = line.split(' ');
  if (verb === 'add') {
    const [pid, signal, wave] = rest;
    children.push({ pid: Number(pid), signal: signal as NodeJS.Signals, wave: Number(wave) });
  } else if (verb === 'remove') {
    leftovers.push(JSON.parse(rest.join(' ')));
  }
  // The owner may be gone by now: then nobody reads, and the input ends next.
  process.stdout.write('ok\n', () => {});
}

process.stdout.on('error', () => {});
for (const wave of [...new Set(children.map((child) => child.wave))].sort((a, b) => b - a)) {
  await endAll(children.filter((child) => child.wave === wave));
}
for (const path of leftovers) await rm(path, { recursive: true, force: true, maxRetries: 3 });

async function endAll(group: readonly Child[]): Promise<void> {
  for (const { pid, signal } of group) send(pid, signal);
  const deadline = Date.now() + graceMs;
  while (group.some(({ pid }) => isRunning(pid)) && Date.now() < deadline) await pause(20);
  for (const { pid } of group) send(pid, 'SIGKILL');
}

/** A child that ended but was not waited for by its new parent is as good as gone. */
function isRunning(pid: number): boolean {
  if (!send(pid, 0)) return false;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return process.platform !== 'linux';
  }
}

/** To the child's whole process group; false when nobody of it is left. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
