import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ChecklySimulator, checklyKeys, startCheckly } from '../../../testing/services/checkly.ts';
import { type DeployTest, deployFile, kindsOf } from '../../../testing/services/deploying.ts';

const web = { name: 'web', url: 'https://a.example/health', interval: '60s', failure_threshold: 1 };

describe('deploying to Checkly', () => {
  let checkly: ChecklySimulator;
  let at: DeployTest;
  beforeEach(async () => {
    checkly = await startCheckly();
    at = { to: 'checkly', url: checkly.url, env: checklyKeys, settings: {}, waits: [] };
  });
  afterEach(() => checkly.close());

  it('creates every type that it has, and changes nothing the second time', async () => {
    const file = {
      checks: [
        { ...web, retries: { count: 2 }, success_criteria: [{ status_code: 200 }], interval: '20s' },
        { name: 'ssh', type: 'tcp', host: 'a.example', port: 22 },
        { name: 'name', type: 'dns', host: 'a.example' },
        { name: 'cert', type: 'tls', host: 'a.example', success_criteria: [{ certificate_days: '>14' }] },
        { name: 'health', type: 'grpc', host: 'a.example', port: 9000 },
      ],
    };
    const { applied } = await deployFile(at, file);
    expect(applied.map(({ kind, problem }) => problem ?? kind)).toEqual(Array(5).fill('create'));
    expect([...checkly.checks.values()].map(({ checkType }) => checkType)).toEqual([
      'API',
      'TCP',
      'DNS',
      'SSL',
      'GRPC',
    ]);
    const { length } = checkly.changes;
    expect((await deployFile(at, file)).plan).toMatchObject({ differences: [], unchanged: { length: 5 } });
    expect(checkly.changes).toHaveLength(length);
  });

  it('updates in place, and keeps whom somebody told Checkly to tell', async () => {
    await deployFile(at, { checks: [web] });
    const [id = '', check] = [...checkly.checks][0] ?? [];
    const alertChannelSubscriptions = [{ alertChannelId: 7, activated: true }];
    checkly.checks.set(id, { ...check, alertChannelSubscriptions, muted: true });
    const { plan } = await deployFile(at, { checks: [{ ...web, interval: '5m', active: false }] });
    expect(plan.differences).toMatchObject([
      {
        kind: 'update',
        changes: [
          { field: 'activated', from: true },
          { field: 'frequency', from: 1, to: 5 },
        ],
      },
    ]);
    expect(checkly.checks.get(id)).toMatchObject({
      frequency: 5,
      activated: false,
      muted: true,
      alertChannelSubscriptions,
    });
  });

  it('deletes with --prune only, and never what is not its own', async () => {
    await deployFile(at, { checks: [web, { ...web, name: 'old' }] });
    checkly.checks.set('foreign', {
      id: 'foreign',
      name: 'old',
      tags: ['countersign-ish'],
      checkType: 'API',
    });
    expect(kindsOf(await deployFile(at, { checks: [web] }, { prune: false }))).toEqual(['delete old']);
    expect(checkly.checks.size).toBe(3);
    await deployFile(at, { checks: [web] });
    expect([...checkly.checks.values()].map(({ name, id }) => (id === 'foreign' ? 'foreign' : name))).toEqual(
      ['web', 'foreign'],
    );
  });

  it('removes the second of two that a lost answer left behind', async () => {
    await deployFile(at, { checks: [web] });
    const [, check] = [...checkly.checks][0] ?? [];
    checkly.checks.set('zz-second', { ...check, id: 'zz-second' });
    expect(kindsOf(await deployFile(at, { checks: [web] }))).toEqual(['delete web']);
    expect(checkly.checks.has('zz-second')).toBe(false);
  });

  it('makes no second check when the answer to a creation was lost', async () => {
    checkly.inject({ kind: 'cut' }, ({ method }) => method === 'POST');
    await deployFile(at, { checks: [web] });
    expect(checkly.checks.size).toBe(1);
  });

  it('finds its own on every page', async () => {
    const checks = Array.from({ length: 101 }, (_, index) => ({ ...web, name: `check-${index}` }));
    await deployFile(at, { checks });
    expect((await deployFile(at, { checks })).plan.unchanged).toHaveLength(101);
  });

  it('replaces a check whose type changes, since Checkly keeps types', async () => {
    await deployFile(at, { checks: [web] });
    const file = { checks: [{ name: 'web', type: 'tcp', host: 'a.example', port: 1 }] };
    const { plan } = await deployFile(at, file, { prune: false });
    expect(plan.differences).toMatchObject([{ kind: 'update', replace: true }]);
    expect([...checkly.checks.values()]).toMatchObject([{ checkType: 'TCP' }]);
    expect(kindsOf(await deployFile(at, file))).toEqual([]);
  });
});
