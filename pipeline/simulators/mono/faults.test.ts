import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ClientUnderTest, clientUnderTest, collect, rowsOf } from '#pipeline/mono/client/testing.ts';
import type { MonoClientOptions } from '#pipeline/mono/client.ts';
import { type Fault, faultKinds } from './faults.ts';
import { type RunningSimulator, startMonoSimulator } from './start.ts';

const account = 'acc_sandbox_123';
let simulator: RunningSimulator;

beforeAll(async () => {
  simulator = await startMonoSimulator();
});
afterAll(() => simulator.close());
beforeEach(() => simulator.control.reset());

const make = (options: Partial<MonoClientOptions> = {}): ClientUnderTest =>
  clientUnderTest({ baseUrl: simulator.url, ...options });

async function fetchAll(options: Partial<MonoClientOptions> = {}, limit = 100) {
  const test = make(options);
  const rows = rowsOf(await collect(test.client.pages({ accountId: account, limit })));
  return { ...test, rows };
}

async function control(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`${simulator.url}/__sim/${path}`, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
}

/** Faults go in as an operator puts them in: over HTTP. */
async function arm(fault: Fault): Promise<void> {
  expect((await control('POST', 'faults', fault)).status).toBe(200);
}

describe('faults that pass', () => {
  it.each<[string, Fault, number[]]>([
    ['429 without Retry-After', { kind: 'rate_limit', calls: 2 }, [250, 500]],
    ['429 with Retry-After in seconds', { kind: 'rate_limit', calls: 1, retryAfter: 7 }, [7000]],
    ['5xx', { kind: 'server_error', status: 503, calls: 2 }, [250, 500]],
    ['503 with Retry-After', { kind: 'server_error', status: 503, calls: 1, retryAfter: 2 }, [2000]],
    ['a connection cut in the body', { kind: 'cut_connection', calls: 1 }, [250]],
    ['a connection cut before the head', { kind: 'cut_connection', beforeHead: true, calls: 1 }, [250]],
    ['an HTML error page', { kind: 'html_error', calls: 1 }, [250]],
    ['one refused key', { kind: 'auth_failure', calls: 1 }, []],
  ])('%s is ridden out, and all rows come', async (_name, fault, slept) => {
    await arm(fault);
    const fetched = await fetchAll();
    expect(fetched.rows).toHaveLength(307);
    expect(fetched.slept).toEqual(slept);
  });

  it('429 with Retry-After as a date is honoured', async () => {
    const fixed = new Date('2026-11-22T06:00:00.000Z');
    const ticking = await startMonoSimulator({ now: () => fixed });
    ticking.control.addFault({ kind: 'rate_limit', calls: 1, retryAfter: 9, retryAfterAsDate: true });
    const test = clientUnderTest({ baseUrl: ticking.url });
    await test.client.account(account).finally(() => ticking.close());
    expect(test.slept).toEqual([9000]);
  });
});

describe('faults that stay', () => {
  it.each<[Fault, Record<string, unknown>]>([
    [{ kind: 'latency', ms: 60_000 }, { name: 'MonoTimeoutError' }],
    [{ kind: 'rate_limit' }, { name: 'MonoRateLimitError', status: 429 }],
    [
      { kind: 'rate_limit', retryAfter: 9999 },
      { name: 'MonoRateLimitError', retryAfterMs: 9_999_000 },
    ],
    [{ kind: 'server_error' }, { name: 'MonoUpstreamError', status: 500 }],
    [{ kind: 'cut_connection' }, { name: 'MonoNetworkError' }],
    [{ kind: 'html_error' }, { name: 'MonoUpstreamError', status: 502 }],
    [
      { kind: 'html_error', status: 200 },
      { name: 'MonoResponseError', code: 'NOT_JSON' },
    ],
    [{ kind: 'malformed_json' }, { name: 'MonoResponseError', code: 'MALFORMED_JSON' }],
    [{ kind: 'auth_failure' }, { name: 'MonoAuthError', code: 'UNAUTHORISED' }],
    [{ kind: 'reauthorisation_required' }, { name: 'MonoAuthError', code: 'REAUTHORISATION_REQUIRED' }],
    [{ kind: 'duplicate_page' }, { name: 'MonoPagingError', code: 'REPEATING_PAGE' }],
  ])('%j is told by its class', async (fault, wanted) => {
    await arm(fault);
    const timeoutMs = fault.kind === 'latency' ? 40 : 10_000;
    await expect(fetchAll({ timeoutMs, retries: 1 })).rejects.toMatchObject(wanted);
  });

  it('empty gives no rows and no error', async () => {
    await arm({ kind: 'empty' });
    expect((await fetchAll()).rows).toEqual([]);
  });

  it('empty in the middle of a walk does not pass for the end', async () => {
    const walk = make().client.pages({ accountId: account, limit: 100 });
    await walk.next();
    await arm({ kind: 'empty', calls: 1 });
    expect(new Set(rowsOf(await collect(walk)).map((row) => row.id)).size).toBe(307);
  });

  it('shifting pages lose none of the rows that were there at the start', async () => {
    const atStart = (await fetchAll()).rows.map((row) => row.id);
    await arm({ kind: 'shifting_pages', rows: 30, endpoint: 'transactions' });
    const ids = (await fetchAll()).rows.map((row) => row.id);
    expect(new Set(ids)).toEqual(new Set(ids).union(new Set(atStart)));
    expect(ids.length).toBeGreaterThan(307);
  });

  it('rows that are appended over HTTP while paging shift it, and nothing is lost', async () => {
    const atStart = (await fetchAll()).rows.map((row) => row.id);
    const walk = make().client.pages({ accountId: account, limit: 40 });
    const ids: unknown[] = [];
    for await (const page of walk) {
      ids.push(...page.transactions.map((row) => (row as { id: string }).id));
      if (page.page < 4) await control('POST', `accounts/${account}/rows`, { count: 45 });
    }
    expect(ids).toEqual(expect.arrayContaining(atStart));
  });

  it('are listed while they are armed', async () => {
    for (const kind of faultKinds) await arm({ kind, calls: 1 });
    const { faults } = (await (await control('GET', 'faults')).json()) as { faults: Fault[] };
    expect(faults.map(({ kind }) => kind)).toEqual([...faultKinds]);
  });
});

describe('the page of the simulator', () => {
  it('has a row for every fault, and for nothing else', async () => {
    const page = await readFile(new URL('./README.md', import.meta.url), 'utf8');
    const table = page.slice(page.indexOf('| kind ')).split('\n\n')[0] ?? '';
    const named = [...table.matchAll(/^\| `([a-z_]+)` +\|/gm)].map(([, kind]) => kind);
    expect(named).toEqual([...faultKinds]);
  });
});

describe('the faults of one endpoint', () => {
  it('spare the others', async () => {
    await arm({ kind: 'server_error', endpoint: 'account' });
    expect((await fetchAll()).rows).toHaveLength(307);
    await expect(make({ retries: 0 }).client.account(account)).rejects.toMatchObject({ status: 500 });
  });

  it('end when they are cleared', async () => {
    await arm({ kind: 'server_error' });
    await control('DELETE', 'faults');
    expect((await fetchAll({ retries: 0 })).rows).toHaveLength(307);
  });
});

describe('a caller who aborts', () => {
  it('gets the own reason back, in the middle of a slow answer', async () => {
    await arm({ kind: 'latency', ms: 60_000 });
    const abort = new AbortController();
    const test = make();
    const fetching = collect(test.client.pages({ accountId: account, limit: 10, signal: abort.signal }));
    setImmediate(() => abort.abort(new Error('shutting down')));
    await expect(fetching).rejects.toThrow('shutting down');
    expect(test.slept).toEqual([]);
  });
});

describe('control', () => {
  it.each([{ kind: 'flood' }, {}, { kind: 'latency', ms: -1 }, { kind: 'empty', extra: 1 }])(
    'refuses the fault %j',
    async (fault) => {
      expect((await control('POST', 'faults', fault)).status).toBe(400);
    },
  );

  it('keeps the tiny account at 40 rows at most', async () => {
    const more = await control('POST', 'accounts/acc_sandbox_tiny/rows', { count: 8 });
    expect(more.status).toBe(200);
    expect((await control('POST', 'accounts/acc_sandbox_tiny/rows', { count: 1 })).status).toBe(409);
    expect(simulator.control.stats().accounts['acc_sandbox_tiny']?.rows).toBe(40);
  });

  it('serves appended rows first, bad ones included', async () => {
    await control('POST', `accounts/${account}/rows`, { rows: [{ amount: -5 }] });
    const { rows } = await fetchAll();
    expect(rows).toHaveLength(308);
    expect(rows[0]).toMatchObject({ amount: -5 });
  });

  it('counts requests and totals in kobo, as text', async () => {
    await arm({ kind: 'rate_limit', calls: 1 });
    const { rows } = await fetchAll();
    const stats = (await (await control('GET', 'stats')).json()) as ReturnType<
      typeof simulator.control.stats
    >;
    expect(stats.requests).toEqual({ 'transactions 200': 5, 'transactions 429': 1 });
    const sum = (type: string) =>
      rows.filter((row) => row.type === type).reduce((total, row) => total + BigInt(Number(row.amount)), 0n);
    expect(stats.accounts[account]).toEqual({
      rows: 307,
      credit_kobo: String(sum('credit')),
      debit_kobo: String(sum('debit')),
      total_kobo: String(sum('credit') + sum('debit')),
    });
  });

  it('forgets everything on reset', async () => {
    await arm({ kind: 'server_error' });
    await control('POST', `accounts/${account}/rows`, { count: 3 });
    await control('POST', 'reset');
    expect(simulator.control.stats()).toMatchObject({ requests: {}, accounts: { [account]: { rows: 307 } } });
    expect((await fetchAll({ retries: 0 })).rows).toHaveLength(307);
  });
});
