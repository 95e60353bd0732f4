import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../testing/stack.ts';
import { Processes } from './processes.ts';

let folder: string;
let processes: Processes;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-processes-'));
  processes = new Processes(folder);
});
afterEach(async () => {
  await processes.end();
  await rm(folder, { recursive: true, force: true });
});

const run = (program: string, name = 'child') =>
  processes.start({ name, command: [process.execPath, '-e', program], cwd: folder });
const log = () => readFile(join(folder, 'child.log'), 'utf8');
const logged = (text: string) => eventually(async () => ((await log()).includes(text) ? true : undefined));

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a child that starts children of its own takes them along when it ends', async () => {
  const inner = `console.log(process.pid); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`;
  await run(`require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(inner)}], { stdio: 'inherit' });
    process.on('SIGTERM', () => process.exit(0))`);
  await logged('\n');
  const grandchild = Number((await log()).trim());
  await processes.end();
  await eventually(async () => (isAlive(grandchild) ? undefined : true));
});

test('a child that may finish its work is given the time', async () => {
  await run(`process.on('SIGTERM', () => setTimeout(() => { console.log('finished'); process.exit(0) }, 300));
    console.log('up'); setInterval(() => {}, 1000)`);
  await logged('up');
  await processes.end();
  expect(await log()).toContain('finished');
});

test('children of a higher wave end before those of a lower one', async () => {
  const program = (name: string) =>
    `process.on('SIGTERM', () => { require('node:fs').appendFileSync('order', ${JSON.stringify(name)}); process.exit(0) });
    console.log('up'); setInterval(() => {}, 1000)`;
  for (const [name, wave] of [
    ['first', 2],
    ['last', 0],
    ['middle', 1],
  ] as const) {
    await processes.start({
      name: 'child',
      command: [process.execPath, '-e', program(`${name} `)],
      cwd: folder,
      wave,
    });
  }
  await eventually(async () => ((await log()).match(/up/g)?.length === 3 ? true : undefined));
  await processes.end();
  expect(await readFile(join(folder, 'order'), 'utf8')).toBe('first middle last ');
});

test('without its guard, which somebody killed, the owner still ends everything', async () => {
  const work = join(folder, 'work');
  await mkdir(work);
  await processes.removeAtEnd(work);
  const child = await run('setInterval(() => {}, 1000)');
  process.kill(processes.guardPid ?? 0, 'SIGKILL');
  await expect(run('0', 'late')).rejects.toThrow(/the guard of the local stack has ended/);
  await processes.end();
  expect(child.isAlive()).toBe(false);
  expect(await readdir(folder)).not.toContain('work');
});

test('text that looks like a shell command stays one argument', async () => {
  const child = await processes.start({
    name: 'child',
    command: [
      process.execPath,
      '-p',
      'process.argv.slice(1).join("|")',
      '$(echo no); `echo no`',
      '"; echo no',
    ],
    cwd: folder,
  });
  await child.exited;
  expect(await log()).toBe('$(echo no); `echo no`|"; echo no\n');
});
