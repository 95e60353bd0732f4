import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Environment } from '../config/environments.ts';
import { api, environment, eventually, isOpen, StackProject } from '../testing/stack.ts';
import { isSame, readState, stackFolder } from './state.ts';
import { stackDown, stackUp } from './up.ts';

/** Real programs on a machine that may be busy. */
vi.setConfig({ testTimeout: 90_000 });

const project = new StackProject();
beforeEach(() => project.open());
afterEach(() => project.close());

test('a second start of the same stack joins the first; one made from other settings is refused', async () => {
  const first = await project.start(environment({ services: [api] }));
  const second = await project.start(environment({ services: [api] }));
  expect(second.reused).toBe(true);
  expect(second.state.ports).toEqual(first.state.ports);
  await second.stop();
  expect(await isOpen(first.state.ports['api'])).toBe(true);
  const other = environment({ services: [{ ...api, env: { PORT: '${port.api}', MODE: 'other' } }] });
  expect(await project.start(other).catch(String)).toContain('made from other settings');
});

test('everything ends when the owner is killed at once', async () => {
  const owner = await ownerProcess();
  const state = await eventually(() => readState(project.root, 'local'));
  expect(await isOpen(state.ports['api'])).toBe(true);
  owner.kill('SIGKILL');
  await eventually(async () => ((await readdir(state.dir)).includes('state.json') ? undefined : true));
  for (const record of state.processes) expect(await isSame(record)).toBe(false);
  expect((await readdir(state.dir)).every((file) => file.endsWith('.log'))).toBe(true);
});

/** A process that starts the stack as a library and then waits. */
async function ownerProcess(): Promise<ChildProcess> {
  const given = environment({ pager: {}, services: [api] });
  const program = `
    import { startStack } from ${JSON.stringify(fileURLToPath(new URL('./stack.ts', import.meta.url)))};
    const env = { PATH: process.env.PATH };
    await startStack(${JSON.stringify(given)}, { root: ${JSON.stringify(project.root)}, env, onSecret() {} });
    console.log('ready');
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: owner.stdout }), 'line');
  return owner;
}

const withMode = (mode: string) =>
  environment({ services: [{ ...api, env: { PORT: '${port.api}', MODE: mode } }] });

async function up(given: Environment, signal = new AbortController().signal) {
  await project.writeEnvironment(given);
  const { PATH } = process.env;
  return stackUp(given, { root: project.root, env: { PATH }, rehearse: 1, signal, say: () => {} });
}

test('up leaves a stack behind, a second up joins it, new settings replace it, and down ends it', async () => {
  const first = await up(withMode('one'));
  expect(first.reused).toBe(false);
  const again = await up(withMode('one'));
  expect(again).toMatchObject({ reused: true, state: { owner: first.state.owner } });
  const other = await up(withMode('two'));
  expect(other.reused).toBe(false);
  expect(await isSame(first.state.owner)).toBe(false);
  expect(await stackDown(project.root, 'local')).toBe(true);
  expect(await isOpen(other.state.ports['api'])).toBe(false);
  expect(await isSame(other.state.owner)).toBe(false);
  expect(await stackDown(project.root, 'local')).toBe(false);
});

test('a stack that can not be started tells the command why', async () => {
  const seed = { name: 'seed', command: ['node', '-e', 'process.exit(3)'], ready: { exit: 0 as const } };
  await expect(up(environment({ services: [seed] }))).rejects.toMatchObject({
    code: 'STACK_FAILED',
    message: expect.stringContaining('seed ended with code 3'),
  });
});

test('an interrupt while the stack starts leaves nothing behind', async () => {
  const interrupt = new AbortController();
  const slow = { ...api, command: ['node', '-e', 'setInterval(() => {}, 1000)'] };
  const failure = expect(up(environment({ services: [slow] }), interrupt.signal)).rejects.toThrow();
  const folder = stackFolder(project.root, 'local');
  await eventually(async () => ((await readdir(folder)).includes('api.log') ? true : undefined));
  interrupt.abort();
  await failure;
  await eventually(async () =>
    (await readdir(folder)).every((file) => file.endsWith('.log')) ? true : undefined,
  );
});
