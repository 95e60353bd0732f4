import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { demo } from '#pipeline/economy/seed.ts';
import { mintToken } from '#pipeline/runtime/token.ts';
import { startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';
import { runScript } from '#pipeline/testing/processes.ts';
import { testEnv } from '#pipeline/testing/service.ts';

const script = 'scripts/exercise-enforcement.ts';
const enforcement = 'PURCHASE_ENFORCEMENT_ENABLED';
const observability = 'MODERATION_OBSERVABILITY_ENABLED';

let economy: TestEconomy;
let env: Record<string, string>;
beforeAll(async () => {
  economy = await startEconomy();
  await economy.service.app.http.listen({ port: 0, host: '127.0.0.1' });
  const { port } = economy.service.app.http.server.address() as AddressInfo;
  const secret = testEnv('').JWT_SECRET_KEY ?? '';
  const token = (who: keyof typeof demo) =>
    mintToken(secret, { sub: demo[who].id, role: demo[who].role }, 600);
  env = {
    SERVICE_URL: `http://127.0.0.1:${port}`,
    ADMIN_TOKEN: token('admin'),
    MEMBER_TOKEN: token('member'),
    BANNED_TOKEN: token('banned'),
    EXERCISE_SECONDS: '1',
  };
}, 120_000);
afterEach(() => Promise.all([put(enforcement, null), put(observability, null)]));
afterAll(() => economy?.stop());

const put = (flag: string, value: boolean | null, more = {}) =>
  economy.as('admin', 'PUT', '/api/v1/admin/flags', { body: { flag, value, ...more } });

async function overrides(): Promise<object[]> {
  const { body } = await economy.as('admin', 'GET', '/api/v1/admin/flags');
  return body.data.flags.flatMap(({ flag, overrides: found }: { flag: string; overrides: object[] }) =>
    found.map((override) => ({ flag, ...override })),
  );
}

const balance = async () => (await economy.as('member', 'GET', '/api/wallet/')).body.balance;

describe('D7: exercise-enforcement', () => {
  it('lets members buy and refuses the banned, then leaves no override and no coin moved', async () => {
    const before = await balance();
    const { code, stdout, stderr } = await runScript(script, [], env);
    expect(code, stderr).toBe(0);
    const [counts, end] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(counts.allowed).toBeGreaterThanOrEqual(counts.denied * 30);
    expect(counts.denied).toBeGreaterThan(0);
    expect(end).toEqual({ restored: true });
    expect(await overrides()).toEqual([]);
    expect(await balance()).toBe(before);
  });

  it('puts an override that stood there back, and not only away', async () => {
    await put(observability, true);
    expect(await runScript(script, [], env)).toMatchObject({ code: 0 });
    expect(await overrides()).toMatchObject([{ flag: observability, value: true, ends_at: null }]);
  });

  it('takes no flag that somebody else holds, and puts back what it had turned already', async () => {
    await put(enforcement, false, { for_seconds: 60 });
    const { code, stdout, stderr } = await runScript(script, [], env);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^exercise-enforcement: somebody else holds PURCHASE_ENFORCEMENT_ENABLED until /);
    expect(await overrides()).toMatchObject([{ flag: enforcement, value: false }]);
  });

  it('puts the flags back when somebody banned is let through', async () => {
    const { code, stderr } = await runScript(script, [], { ...env, BANNED_TOKEN: env['MEMBER_TOKEN'] ?? '' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/a purchase of somebody banned was answered 201/);
    expect(await overrides()).toEqual([]);
  });

  it('explains itself, and says what it lacks', async () => {
    expect(await runScript(script, ['--help'], {})).toMatchObject({ code: 0 });
    expect(await runScript(script, [], {})).toMatchObject({
      code: 1,
      stderr: 'exercise-enforcement: SERVICE_URL, ADMIN_TOKEN, MEMBER_TOKEN and BANNED_TOKEN are required\n',
    });
    expect(await runScript(script, [], { ...env, EXERCISE_SECONDS: '0' })).toMatchObject({ code: 1 });
    const away = await runScript(script, [], { ...env, SERVICE_URL: 'http://127.0.0.1:2' });
    expect(away.stderr).toContain('GET http://127.0.0.1:2/api/v1/admin/flags: fetch failed: connect ECONN');
  });
});
