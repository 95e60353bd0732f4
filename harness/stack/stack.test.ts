import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Environment, ServiceConfig } from '../config/environments.ts';
import { choosePorts } from './ports.ts';
import { type RunningStack, startStack } from './stack.ts';
import { isSame, readState, stackFolder } from './state.ts';
import { stackDown, stackUp } from './up.ts';

/** Real programs on a machine that may be busy. */
vi.setConfig({ testTimeout: 90_000 });

let root: string;
const running: RunningStack[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-stack-'));
  await mkdir(join(root, 'checklists'));
});

afterEach(async () => {
  for (const stack of running.splice(0)) await stack.stop();
  await stackDown(root, 'local');
  await rm(root, { recursive: true, force: true });
});

const server = `require('node:http').createServer((q, s) => s.end('answers_total 1\\n')).listen(process.env.PORT, '127.0.0.1')`;

const api: ServiceConfig = {
  name: 'api',
  command: ['node', '-e', server],
  env: { PORT: '${port.api}' },
  ready: { http: 'http://127.0.0.1:${port.api}/' },
};

function environment(stack: Environment['stack'], more: Partial<Environment> = {}): Environment {
  return { name: 'local', title: 'Local', rehearsal: true, ...(stack && { stack }), ...more };
}

async function start(given: Environment, more: Partial<Parameters<typeof startStack>[1]> = {}) {
  const { PATH, HOME } = process.env;
  const stack = await startStack(given, { root, env: { PATH, HOME }, onSecret: () => {}, ...more });
  running.push(stack);
  return stack;
}

const json = async (url: string) => (await fetch(url)).json() as Promise<never>;

async function until<T>(ask: () => Promise<T | undefined>, withinMs = 25_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await pause(50);
  }
  throw new Error('it never came');
}

const isOpen = (port: number) =>
  new Promise<boolean>((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });

async function writeAlerts(): Promise<void> {
  await mkdir(join(root, 'alerts'));
  const rule = '{alert: Answered, expr: "max_over_time(answers_total[5m]) > 0", for: 1m}';
  await writeFile(join(root, 'alerts', 'a.rules.yml'), `groups: [{name: g, rules: [${rule}]}]\n`);
  const receiver = '{name: on-call, pagerduty_configs: [{routing_key_file: /nowhere}]}';
  await writeFile(
    join(root, 'alerts', 'alertmanager.yml'),
    `route: {receiver: on-call}\nreceivers: [${receiver}]\n`,
  );
}

test('an alert of a scraped service travels through every part to the pager', async () => {
  await writeAlerts();
  const stack = await start(
    environment({
      pager: {},
      alertmanager: { config: 'alerts/alertmanager.yml' },
      prometheus: {
        rules: ['alerts/*.rules.yml'],
        scrape: [{ job: 'api', target: '127.0.0.1:${port.api}' }],
      },
      services: [api],
    }),
    { rehearse: 60 },
  );
  expect(stack.state.compression).toEqual({ rehearse: 60, intervalMs: 250 });
  const pager = `http://127.0.0.1:${stack.state.ports['pager']}/received?path=/on-call/pagerduty`;
  const [page] = await until(async () => {
    const received: { body: { payload: { summary: string } } }[] = await json(pager);
    return received.length > 0 ? received : undefined;
  });
  expect(page?.body.payload.summary).toContain('Answered');
});

test('PostgreSQL, a task and a service start in the order of their needs, and nothing is left but logs', async () => {
  const secrets: string[] = [];
  const pgModule = fileURLToPath(import.meta.resolve('pg'));
  const migrate = `const { Client } = require(${JSON.stringify(pgModule)});
    (async () => {
      const client = new Client({ connectionString: process.env.DATABASE_URL });
      await client.connect();
      await client.query('create table made (by text)');
      await client.query("insert into made values ('the task')");
      await client.end();
    })()`;
  const stack = await start(
    environment({
      postgres: { database: 'app-data' },
      services: [
        { ...api, needs: ['migrate'] },
        {
          name: 'migrate',
          command: ['node', '-e', migrate],
          env: { DATABASE_URL: '${secret.DATABASE_URL}' },
          ready: { exit: 0 },
        },
      ],
    }),
    { onSecret: (value) => secrets.push(value) },
  );
  const url = stack.state.secrets['DATABASE_URL'] ?? '';
  expect(secrets).toContain(url);
  expect(secrets).toContain(new URL(url).password);
  const client = new Client({ connectionString: url });
  await client.connect();
  expect((await client.query('select * from made')).rows).toEqual([{ by: 'the task' }]);
  await client.end();
  expect((await stat(join(stack.state.dir, 'state.json'))).mode & 0o777).toBe(0o600);

  await stack.stop();
  expect((await readdir(stack.state.dir)).sort()).toEqual(['api.log', 'migrate.log', 'postgres.log']);
  for (const port of Object.values(stack.state.ports)) expect(await isOpen(port)).toBe(false);
  for (const record of stack.state.processes) expect(await isSame(record)).toBe(false);
});

test('a service that ends early is named, with the end of its log and without secrets', async () => {
  const failing = environment(
    {
      services: [
        {
          name: 'worker',
          command: [
            'node',
            '-e',
            'console.log("token is " + process.env.TOKEN); console.error("no such queue"); process.exit(7)',
          ],
          env: { TOKEN: '${secret.TOKEN}' },
          ready: { port: 'worker' },
        },
      ],
    },
    { secrets: { TOKEN: { generate: 16 } } },
  );
  const failure = await start(failing).catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({ code: 'STACK_FAILED', hint: expect.stringContaining('worker.log') });
  expect(String(failure)).toContain('worker ended with code 7 before it was ready');
  expect(String(failure)).toContain('| no such queue');
  expect(String(failure)).toContain('token is [redacted]');
  expect(await readdir(stackFolder(root, 'local'))).toEqual(['worker.log']);
});

test('a service that never gets ready is given up, and what had started ends too', async () => {
  const sleeper = {
    ...api,
    name: 'sleeper',
    command: ['node', '-e', 'setInterval(() => {}, 1000)'],
    within: '600ms',
  };
  const failure = await start(environment({ pager: {}, services: [{ ...sleeper, needs: ['pager'] }] })).catch(
    String,
  );
  expect(failure).toContain('sleeper was not ready within 600ms');
  expect(await readState(root, 'local')).toBeUndefined();
  expect((await readdir(stackFolder(root, 'local'))).sort()).toEqual(['pager.log', 'sleeper.log']);
});

test('a task that fails, and a program that does not exist, are named', async () => {
  const task = { name: 'seed', command: ['node', '-e', 'process.exit(3)'], ready: { exit: 0 as const } };
  expect(await start(environment({ services: [task] })).catch(String)).toContain('seed ended with code 3');
  const absent = { ...task, command: ['no-such-program-here'] };
  expect(await start(environment({ services: [absent] })).catch(String)).toContain(
    'seed ended with code 127',
  );
});

test('a port that another program took in the meantime leads to a start on other ports', async () => {
  const thief = createServer().listen(0, '127.0.0.1');
  await once(thief, 'listening');
  const taken = (thief.address() as AddressInfo).port;
  let choices = 0;
  const stack = await start(environment({ services: [api] }), {
    choosePorts: async (names) => {
      choices += 1;
      return choices === 1 ? { api: taken } : choosePorts(names);
    },
  }).finally(() => thief.close());
  expect(choices).toBe(2);
  expect(stack.state.ports['api']).not.toBe(taken);
});

test('needs that lead nowhere or in a circle are refused before anything starts', async () => {
  const a = { ...api, name: 'a', needs: ['b'] };
  expect(await start(environment({ services: [a] })).catch(String)).toContain(
    '`a` needs `b`, which the stack does not have',
  );
  const circle = environment({ services: [a, { ...api, name: 'b', needs: ['a'] }] });
  expect(await start(circle).catch(String)).toContain('a -> b -> a');
});

test('rule files that no glob finds are an error, never an empty Prometheus', async () => {
  const given = environment({
    prometheus: { rules: ['alerts/*.yml'], scrape: [{ job: 'a', target: 'x:1' }] },
    services: [],
  });
  expect(await start(given).catch(String)).toContain('no rule file matches `alerts/*.yml`');
});

test('a second start of the same stack joins the first; one made from other settings is refused', async () => {
  const first = await start(environment({ services: [api] }));
  const second = await start(environment({ services: [api] }));
  expect(second.reused).toBe(true);
  expect(second.state.ports).toEqual(first.state.ports);
  await second.stop();
  expect(await isOpen(first.state.ports['api'] ?? 0)).toBe(true);
  const other = environment({ services: [{ ...api, env: { PORT: '${port.api}', MODE: 'other' } }] });
  expect(await start(other).catch(String)).toContain('made from other settings');
});

test('everything ends when the owner is killed at once', async () => {
  const owner = await ownerProcess();
  const state = await until(() => readState(root, 'local'));
  expect(await isOpen(state.ports['api'] ?? 0)).toBe(true);
  owner.kill('SIGKILL');
  await until(async () => ((await readdir(state.dir)).includes('state.json') ? undefined : true));
  for (const record of state.processes) expect(await isSame(record)).toBe(false);
  expect((await readdir(state.dir)).every((file) => file.endsWith('.log'))).toBe(true);
});

/** A process that starts the stack as a library and then waits. */
async function ownerProcess(): Promise<ChildProcess> {
  const given = environment({ pager: {}, services: [api] });
  const program = `
    import { startStack } from ${JSON.stringify(fileURLToPath(new URL('./stack.ts', import.meta.url)))};
    const env = { PATH: process.env.PATH };
    await startStack(${JSON.stringify(given)}, { root: ${JSON.stringify(root)}, env, onSecret() {} });
    console.log('ready');
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(createInterface({ input: owner.stdout }), 'line');
  return owner;
}

async function writeEnvironments(mode: string): Promise<Environment> {
  const given = environment({ services: [{ ...api, env: { PORT: '${port.api}', MODE: mode } }] });
  const { name, ...rest } = given;
  await writeFile(
    join(root, 'checklists', 'environments.yml'),
    JSON.stringify({ environments: { [name]: rest } }),
  );
  return given;
}

test('up leaves a stack behind, a second up joins it, new settings replace it, and down ends it', async () => {
  const { PATH } = process.env;
  const options = { root, env: { PATH }, rehearse: 1, signal: new AbortController().signal, say: () => {} };
  const first = await stackUp(await writeEnvironments('one'), options);
  expect(first.reused).toBe(false);
  const again = await stackUp(await writeEnvironments('one'), options);
  expect(again).toMatchObject({ reused: true, state: { owner: first.state.owner } });
  const other = await stackUp(await writeEnvironments('two'), options);
  expect(other.reused).toBe(false);
  expect(await isSame(first.state.owner)).toBe(false);
  expect(await stackDown(root, 'local')).toBe(true);
  expect(await isOpen(other.state.ports['api'] ?? 0)).toBe(false);
  expect(await isSame(other.state.owner)).toBe(false);
  expect(await stackDown(root, 'local')).toBe(false);
});

test('a stack that can not be started tells the command why', async () => {
  const given = environment({
    services: [{ name: 'seed', command: ['node', '-e', 'process.exit(3)'], ready: { exit: 0 } }],
  });
  const { name, ...rest } = given;
  await writeFile(
    join(root, 'checklists', 'environments.yml'),
    JSON.stringify({ environments: { [name]: rest } }),
  );
  const options = { root, env: {}, rehearse: 1, signal: new AbortController().signal, say: () => {} };
  await expect(stackUp(given, options)).rejects.toMatchObject({
    code: 'STACK_FAILED',
    message: expect.stringContaining('seed ended with code 3'),
  });
});

test('services get what they declare, and nothing of the environment of the harness', async () => {
  const show: ServiceConfig = {
    name: 'show',
    command: ['node', '-e', 'console.log(Object.keys(process.env).sort().join())'],
    env: { OWN: '${vars.place} in ${dir}' },
    ready: { exit: 0 },
  };
  const stack = await start(environment({ services: [show] }, { vars: { place: 'here' } }), {
    env: { PATH: process.env['PATH'], AWS_SECRET_ACCESS_KEY: 'never' },
  });
  expect(await readFile(join(stack.state.dir, 'show.log'), 'utf8')).not.toContain('AWS_SECRET_ACCESS_KEY');
  expect(await readFile(join(stack.state.dir, 'show.log'), 'utf8')).toContain('OWN');
});
