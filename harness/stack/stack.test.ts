import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ServiceConfig } from '../config/environments.ts';
import { api, environment, eventually, isOpen, StackProject } from '../testing/stack.ts';
import { choosePorts } from './ports.ts';
import { isSame, readState, stackFolder } from './state.ts';

/** Real programs on a machine that may be busy. */
vi.setConfig({ testTimeout: 90_000 });

const project = new StackProject();
beforeEach(() => project.open());
afterEach(() => project.close());

const json = async (url: string) => (await fetch(url)).json() as Promise<never>;

async function writeAlerts(): Promise<void> {
  await mkdir(join(project.root, 'alerts'));
  const rule = '{alert: Answered, expr: "max_over_time(answers_total[5m]) > 0", for: 1m}';
  await writeFile(join(project.root, 'alerts', 'a.rules.yml'), `groups: [{name: g, rules: [${rule}]}]\n`);
  const receiver = '{name: on-call, pagerduty_configs: [{routing_key_file: /nowhere}]}';
  await writeFile(
    join(project.root, 'alerts', 'alertmanager.yml'),
    `route: {receiver: on-call}\nreceivers: [${receiver}]\n`,
  );
}

test('an alert of a scraped service travels through every part to the pager', async () => {
  await writeAlerts();
  const stack = await project.start(
    environment({
      pager: {},
      alertmanager: { config: 'alerts/alertmanager.yml' },
      prometheus: {
        rules: ['alerts/*.rules.yml'],
        // Two targets of one job: the other one is down.
        scrape: [
          { job: 'api', target: '127.0.0.1:${port.api}' },
          { job: 'api', target: '127.0.0.1:1' },
        ],
      },
      services: [api],
    }),
    { rehearse: 60 },
  );
  expect(stack.state.compression).toEqual({ rehearse: 60, intervalMs: 250 });
  const pager = `http://127.0.0.1:${stack.state.ports['pager']}/received?path=/on-call/pagerduty`;
  const [page] = await eventually(async () => {
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
  const stack = await project.start(
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
  const failure = await project.start(failing).catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({ code: 'STACK_FAILED', hint: expect.stringContaining('worker.log') });
  expect(String(failure)).toContain('worker ended with code 7 before it was ready');
  expect(String(failure)).toContain('| no such queue');
  expect(String(failure)).toContain('token is [redacted]');
  expect(await readdir(stackFolder(project.root, 'local'))).toEqual(['worker.log']);
});

test('a service that never gets ready is given up, and what had started ends too', async () => {
  const sleeper = {
    ...api,
    name: 'sleeper',
    command: ['node', '-e', 'setInterval(() => {}, 1000)'],
    within: '600ms',
  };
  const failure = await project
    .start(environment({ pager: {}, services: [{ ...sleeper, needs: ['pager'] }] }))
    .catch(String);
  expect(failure).toContain('sleeper was not ready within 600ms');
  expect(await readState(project.root, 'local')).toBeUndefined();
  expect((await readdir(stackFolder(project.root, 'local'))).sort()).toEqual(['pager.log', 'sleeper.log']);
});

test('a task that fails, and a program that does not exist, are named', async () => {
  const task = { name: 'seed', command: ['node', '-e', 'process.exit(3)'], ready: { exit: 0 as const } };
  expect(await project.start(environment({ services: [task] })).catch(String)).toContain(
    'seed ended with code 3',
  );
  const absent = { ...task, command: ['no-such-program-here'] };
  expect(await project.start(environment({ services: [absent] })).catch(String)).toContain(
    'seed ended with code 127',
  );
});

test('a port that another program took in the meantime leads to a start on other ports', async () => {
  const thief = createServer().listen(0, '127.0.0.1');
  await once(thief, 'listening');
  const taken = (thief.address() as AddressInfo).port;
  let choices = 0;
  const stack = await project
    .start(environment({ services: [api] }), {
      choosePorts: async (names) => {
        choices += 1;
        return choices === 1 ? { api: taken } : choosePorts(names);
      },
    })
    .finally(() => thief.close());
  expect(choices).toBe(2);
  expect(stack.state.ports['api']).not.toBe(taken);
});

test('needs that lead nowhere or in a circle are refused before anything starts', async () => {
  const a = { ...api, name: 'a', needs: ['b'] };
  expect(await project.start(environment({ services: [a] })).catch(String)).toContain(
    '`a` needs `b`, which the stack does not have',
  );
  const circle = environment({ services: [a, { ...api, name: 'b', needs: ['a'] }] });
  expect(await project.start(circle).catch(String)).toContain('a -> b -> a');
});

test('rule files that no glob finds are an error, never an empty Prometheus', async () => {
  const given = environment({
    prometheus: { rules: ['alerts/*.yml'], scrape: [{ job: 'a', target: 'x:1' }] },
    services: [],
  });
  expect(await project.start(given).catch(String)).toContain('no rule file matches `alerts/*.yml`');
});

test('services get what they declare, and nothing of the environment of the harness', async () => {
  const show: ServiceConfig = {
    name: 'show',
    command: ['node', '-e', 'console.log(Object.keys(process.env).sort().join())'],
    env: { OWN: '${vars.place} in ${dir}' },
    ready: { exit: 0 },
  };
  const stack = await project.start(environment({ services: [show] }, { vars: { place: 'here' } }), {
    env: { PATH: process.env['PATH'], AWS_SECRET_ACCESS_KEY: 'never' },
  });
  expect(await readFile(join(stack.state.dir, 'show.log'), 'utf8')).not.toContain('AWS_SECRET_ACCESS_KEY');
  expect(await readFile(join(stack.state.dir, 'show.log'), 'utf8')).toContain('OWN');
});
