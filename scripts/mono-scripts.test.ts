import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningSimulator } from '#pipeline/simulators/mono/start.ts';
import { startTestDatabase, type TestDatabase } from '#pipeline/testing/postgres.ts';
import { runScript, type Started, startScript } from '#pipeline/testing/processes.ts';
import { startSimulator, testEnv } from '#pipeline/testing/service.ts';

const smoke = 'scripts/live-mono-staging-smoke.ts';
const accountEnv = {
  MONO_API_ACCOUNT_ID: 'acc_sandbox_123',
  MONO_PROVIDER_ACCOUNT_ID: 'provider-1',
  MONO_ACCOUNT_NUMBER: '0123456789',
};

let postgres: TestDatabase;
let simulator: RunningSimulator;
let server: Started;
let env: NodeJS.ProcessEnv;
let scriptEnv: NodeJS.ProcessEnv;

beforeAll(async () => {
  postgres = await startTestDatabase();
  simulator = await startSimulator();
  env = { ...testEnv(await postgres.fresh({ migrated: false }), simulator), PORT: '0' };
  expect(await runScript('scripts/migrate.ts', [], env)).toMatchObject({ code: 0 });
  server = startScript('pipeline/server.ts', [], env);
  const [, url] = await server.printed(/"event":"service\.listening","address":"([^"]+)"/);
  await server.printed(/"event":"service\.ready"/);
  scriptEnv = { JWT_SECRET_KEY: env.JWT_SECRET_KEY, SERVICE_URL: url, ...accountEnv };
}, 120_000);

afterAll(async () => {
  server?.child.kill('SIGTERM');
  await server?.finished;
  await simulator?.close();
  await postgres?.stop();
});

function parse(stdout: string) {
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { events: lines.filter(({ event }) => event), summary: lines.find(({ event }) => !event) };
}

describe('M14: the live smoke script', () => {
  it('registers the account, asks the service, prints the events of that run and the summary', async () => {
    const run = await runScript(smoke, [], {
      ...scriptEnv,
      DATABASE_URL: env.DATABASE_URL,
      MONO_PAGE_LIMIT: '100',
    });
    const { events, summary } = parse(run.stdout);
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(events.map(({ event }) => event)).toEqual([
      'mono.fetch.started',
      'mono.fetch.completed',
      'bank.transactions.ingested',
      'mono.pipeline.completed',
    ]);
    expect(Object.keys(events[0] ?? {})).toEqual(['ts', 'event', 'payload']);
    expect(summary).toMatchObject({
      inserted_count: 307,
      duplicate_count: 0,
      transaction_count: 307,
      total_amount: expect.stringMatching(/^\d+\.\d\d$/),
      pages: 4,
    });
    expect(run.stdout).not.toContain('0123456789');
  });

  it('M7: run again inserts 0 and reports the earlier count as duplicates, at any page size', async () => {
    const run = await runScript(smoke, [], { ...scriptEnv, MONO_PAGE_LIMIT: '40' });
    expect(parse(run.stdout).summary).toMatchObject({ inserted_count: 0, duplicate_count: 307 });
  });

  it('prints the failure that the service met, and exits 1', async () => {
    simulator.control.addFault({ kind: 'server_error' });
    const run = await runScript(smoke, [], scriptEnv);
    simulator.control.clearFaults();
    expect(run.code).toBe(1);
    expect(parse(run.stdout).events.map(({ event }) => event)).toEqual([
      'mono.fetch.started',
      'mono.fetch.failed',
    ]);
    expect(run.stderr).toContain('UPSTREAM_FAILED');
  });

  it('without a service runs the pipeline itself, with its own settings only, and says that no metrics are scraped', async () => {
    const { SERVICE_URL: _, ...rest } = scriptEnv;
    const { JWT_SECRET: _payouts, ...own } = env;
    const run = await runScript(smoke, [], { ...own, ...rest });
    expect(run.code).toBe(0);
    expect(run.stderr).toContain('no metrics are scraped');
    expect(parse(run.stdout).summary).toMatchObject({ duplicate_count: 307, metrics_exposed: false });
  });

  it('exits 1 with the guidance when the flag is off, and 1 naming every missing variable', async () => {
    const { SERVICE_URL: _, ...rest } = scriptEnv;
    const off = await runScript(smoke, [], { ...env, ...rest, MONO_TRANSACTIONS_ENABLED: 'false' });
    expect([off.code, off.stderr]).toEqual([
      1,
      expect.stringContaining('set MONO_TRANSACTIONS_ENABLED=true'),
    ]);
    const bare = await runScript(smoke, [], {});
    expect(bare.code).toBe(1);
    for (const name of [...Object.keys(accountEnv), 'SERVICE_URL']) expect(bare.stderr).toContain(name);
  });
});

describe('M13: the dead-letter script', () => {
  it('lists, inspects and clears over the admin routes', async () => {
    const letters = (...args: string[]) => runScript('scripts/dead-letters.ts', args, scriptEnv);
    const listed = await letters('list', '--json');
    const [letter] = JSON.parse(listed.stdout).dead_letters;
    expect(letter).toMatchObject({ topic: 'mono.fetch.failed', state: 'open' });
    expect((await letters('list')).stdout).toContain(letter.id);
    expect((await letters('inspect', letter.id)).stdout).toContain('MonoUpstreamError');
    expect((await letters('retry', 'nonsense')).code).toBe(2);
    expect((await letters('clear', '--topic', 'mono.fetch.*')).stdout).toBe('cleared 1 of mono.fetch.*\n');
    expect((await letters('list')).stdout).toBe('no dead letters\n');
  });
});

describe('M1: the server', () => {
  it('exits with one message that names every bad variable', async () => {
    const run = await runScript('pipeline/server.ts', [], { MONO_RATE_LIMIT_PER_MINUTE: 'many' });
    expect(run.code).toBe(1);
    for (const name of ['DATABASE_URL', 'JWT_SECRET_KEY', 'MONO_RATE_LIMIT_PER_MINUTE']) {
      expect(run.stderr).toContain(name);
    }
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('drains and exits 0 on SIGTERM', async () => {
    const other = startScript('pipeline/server.ts', [], { ...env, INSTANCE_ID: 'another' });
    await other.printed(/service\.ready/);
    other.child.kill('SIGTERM');
    expect((await other.finished).code).toBe(0);
  });
});

it.each(['live-mono-staging-smoke', 'dead-letters', 'mint-token', 'migrate', 'seed-account'])(
  'scripts/%s.ts explains itself',
  async (name) => {
    const run = await runScript(`scripts/${name}.ts`, ['--help'], {});
    expect([run.code, run.stdout]).toEqual([0, expect.stringContaining(`Usage: node scripts/${name}.ts`)]);
  },
);
