import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DeployTest, deployFile, kindsOf } from '../../../testing/services/deploying.ts';
import { type NewRelicSimulator, newRelicKeys, startNewRelic } from '../../../testing/services/newrelic.ts';

const ping = { name: 'ping', url: 'https://a.example/health', success_criteria: [{ body_contains: 'UP' }] };
const file = {
  checks: [
    ping,
    {
      name: 'api',
      url: 'https://a.example/api',
      labels: { team: 'shop' },
      success_criteria: [{ status_code: 200 }],
    },
    {
      name: 'cert',
      type: 'tls',
      host: 'a.example',
      interval: '6h',
      success_criteria: [{ certificate_days: '>14' }],
    },
  ],
};

describe('deploying to New Relic', () => {
  let newRelic: NewRelicSimulator;
  let at: DeployTest;
  beforeEach(async () => {
    newRelic = await startNewRelic();
    at = { to: 'newrelic', url: newRelic.url, env: newRelicKeys, settings: {}, waits: [] };
  });
  afterEach(() => newRelic.close());

  it('creates every type that it has, and changes nothing the second time', async () => {
    const { applied } = await deployFile(at, file);
    expect(applied.map(({ kind, problem }) => problem ?? kind)).toEqual(['create', 'create', 'create']);
    expect([...newRelic.monitors.values()].map(({ type }) => type)).toEqual([
      'SIMPLE',
      'SCRIPT_API',
      'CERT_CHECK',
    ]);
    const { length } = newRelic.changes;
    expect((await deployFile(at, file)).plan).toEqual({
      differences: [],
      unchanged: ['ping', 'api', 'cert'],
    });
    expect(newRelic.changes).toHaveLength(length);
  });

  it('sees changes of the file in every field, told or not', async () => {
    await deployFile(at, file);
    const changed = {
      checks: [
        { ...ping, interval: '5m', headers: { A: 'b' }, active: false },
        {
          name: 'api',
          url: 'https://a.example/api',
          locations: ['US_EAST_1'],
          success_criteria: [{ status_code: 201 }],
        },
        {
          name: 'cert',
          type: 'tls',
          host: 'b.example',
          interval: '6h',
          success_criteria: [{ certificate_days: '>20' }],
        },
      ],
    };
    const { plan } = await deployFile(at, changed);
    const fields = plan.differences.map((each) =>
      'changes' in each ? each.changes.map(({ field }) => field) : [],
    );
    expect(fields).toEqual([
      ['advancedOptions', 'minutes', 'status'],
      ['locations', 'script', 'tags.team'],
      ['domain', 'numberDaysToFailBeforeCertExpires'],
    ]);
    expect((await deployFile(at, changed)).plan.differences).toEqual([]);
  });

  it('sees a script that somebody changed by hand', async () => {
    await deployFile(at, file);
    const [guid = '', monitor] = [...newRelic.monitors].find(([, { type }]) => type === 'SCRIPT_API') ?? [];
    newRelic.monitors.set(guid, {
      type: 'SCRIPT_API',
      input: { ...monitor?.input, script: 'assert.ok(true)' },
    });
    expect(kindsOf(await deployFile(at, file))).toEqual(['update api']);
  });

  it('replaces a monitor whose type changes', async () => {
    await deployFile(at, { checks: [ping] });
    const { plan } = await deployFile(at, { checks: [{ ...ping, method: 'POST' }] }, { prune: false });
    expect(plan.differences).toMatchObject([{ kind: 'update', replace: true }]);
    expect([...newRelic.monitors.values()]).toMatchObject([{ type: 'SCRIPT_API' }]);
  });

  it('waits until the search finds what was created, and says so where it does not', async () => {
    newRelic.lag = 3;
    expect((await deployFile(at, { checks: [ping] })).applied).toEqual([{ kind: 'create', check: 'ping' }]);
    expect(at.waits).toEqual([5_000, 5_000, 5_000]);
    newRelic.lag = 99;
    const { applied } = await deployFile(at, { checks: [ping, { ...ping, name: 'late' }] });
    expect(applied).toMatchObject([
      { kind: 'create', check: 'late', problem: expect.stringContaining('not found yet') },
    ]);
  });

  it('finds its own on every page, and deletes with --prune only', async () => {
    const checks = Array.from({ length: 60 }, (_, index) => ({ ...ping, name: `check-${index}` }));
    await deployFile(at, { checks });
    newRelic.monitors.set('foreign', {
      type: 'SIMPLE',
      input: { name: 'check-1', tags: [{ key: 'team', values: ['a'] }] },
    });
    expect((await deployFile(at, { checks })).plan.unchanged).toHaveLength(60);
    await deployFile(at, { checks: checks.slice(0, 1) }, { prune: false });
    expect(newRelic.monitors.size).toBe(61);
    await deployFile(at, { checks: checks.slice(0, 1) });
    expect(newRelic.monitors.size).toBe(2);
    expect(newRelic.monitors.has('foreign')).toBe(true);
  });

  it('tells what New Relic refuses, without the key', async () => {
    const env = { ...newRelicKeys, NEW_RELIC_API_KEY: 'NRAK-OTHER' };
    const error = await deployFile({ ...at, env }, file).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SOURCE_ANSWER', message: expect.stringContaining('answered 401') });
    expect(String(error)).not.toContain('NRAK-OTHER');
    const account = { ...newRelicKeys, NEW_RELIC_ACCOUNT_ID: '7' };
    const { applied } = await deployFile({ ...at, env: account }, { checks: [ping] });
    expect(applied).toMatchObject([
      { problem: 'New Relic refuses syntheticsCreateSimpleMonitor: UNAUTHORIZED: another account' },
    ]);
  });
});
