import { readFile } from 'node:fs/promises';
import { env } from 'node:process';
import type { Static } from 'typebox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import latency, { type LatencySettings } from '#harness/checks/latency/latency.ts';
import { schemaErrors } from '#harness/config/validate.ts';
import { checkExpectation } from '#harness/gate/evaluate.ts';
import type { FactSchema } from '#harness/gate/facts.ts';
import { ItemSchema } from '#harness/gate/schema.ts';
import { testContext } from '#harness/testing/context.ts';
import { findTool } from '#harness/tools/find.ts';
import { demo } from '#pipeline/economy/seed.ts';
import { mintToken } from '#pipeline/runtime/token.ts';
import { startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';
import { testEnv } from '#pipeline/testing/service.ts';

let economy: TestEconomy;
let url: string;
let k6: string;
beforeAll(async () => {
  economy = await startEconomy();
  url = await economy.service.app.http.listen({ host: '127.0.0.1', port: 0 });
  k6 = (await findTool('k6', { env, bring: true })).path;
}, 120_000);
afterAll(() => economy?.stop());

const tokenOf = ({ id, role }: (typeof demo)[keyof typeof demo]) =>
  mintToken(testEnv('').JWT_SECRET_KEY ?? '', { sub: id, role }, 600);
const secrets = () => ({ MEMBER_TOKEN: tokenOf(demo.member), ADMIN_TOKEN: tokenOf(demo.admin) });

async function measure(
  options: LatencySettings,
  given: Record<string, string> = secrets(),
): Promise<Static<typeof latency.facts>> {
  const request = () => Promise.reject(new Error('k6 alone asks the service'));
  const http = async () => ({ name: 'service', url, request });
  const context = testContext({ tools: { k6 }, sources: { http }, secrets: given });
  const { facts } = await latency.measure({ window: '1s', ...options }, context);
  for (const text of context.artifacts.values()) {
    for (const secret of Object.values(given)) expect(text).not.toContain(secret);
  }
  return facts;
}

const right = { errors: 0, checks_failed: 0, thresholds_failed: 0, exceptions: 0, dropped_iterations: 0 };
const count = async (sql: string): Promise<number> => {
  const { rows } = await economy.service.app.platform.db.query<{ n: number }>(sql);
  return rows[0]?.n ?? -1;
};

describe('reads.ts', () => {
  const reads = { script: 'smoke/latency/reads.ts', env: { MEMBER_TOKEN: '${secret.MEMBER_TOKEN}' } };

  it('H2: asks five things, each with a right answer', async () => {
    const facts = await measure({
      ...reads,
      vus: 2,
      iterations: 20,
      thresholds: { 'http_req_duration{name:transactions}': ['p(95)<5000'] },
    });
    expect(facts).toMatchObject({ ...right, requests: 100, iterations: 20 });
    expect(facts.checks).toHaveLength(10);
  });

  it('shows answers that are wrong', async () => {
    const facts = await measure({ ...reads, iterations: 2 }, { MEMBER_TOKEN: 'nobody' });
    expect(facts).toMatchObject({ errors: 4, checks_failed: 8 });
    await expect(measure({ script: reads.script, iterations: 1 })).rejects.toThrow('MEMBER_TOKEN is needed');
  });
});

describe('purchase.ts', () => {
  const purchase = {
    script: 'smoke/latency/purchase.ts',
    env: { ADMIN_TOKEN: '${secret.ADMIN_TOKEN}', BUYERS: '2' },
  };
  const bought = "SELECT count(*)::int AS n FROM shop_purchases WHERE state = 'captured'";

  it('H2: every purchase is captured and a row of the ledger, with members that nobody can use after it', async () => {
    const before = await count(bought);
    const facts = await measure({
      ...purchase,
      vus: 2,
      iterations: 30,
      thresholds: { 'http_req_duration{name:/api/shop/purchase/}': ['p(95)<5000'] },
    });
    expect(facts).toMatchObject({ ...right, iterations: 30 });
    expect(facts.windows.reduce((sum, { requests }) => sum + requests, 0)).toBe(30);
    expect(await count(bought)).toBe(before + 30);
    const buyers = 'SELECT count(*)::int AS n FROM platform_users WHERE username LIKE';
    expect(await count(`${buyers} 'k6-%'`)).toBe(2);
    expect(await count(`${buyers} 'k6-%' AND active`)).toBe(0);
    expect(
      await count(
        `SELECT count(*)::int AS n FROM economy_transactions WHERE wallet_id IN
           (SELECT id FROM economy_wallets WHERE user_id IN ('${demo.member.id}', '${demo.admin.id}'))
         AND reason LIKE 'purchase %'`,
      ),
    ).toBe(0);
  });

  it('ends as an error where it cannot prepare what it needs', async () => {
    const nobody = { ...secrets(), ADMIN_TOKEN: secrets().MEMBER_TOKEN };
    await expect(measure({ ...purchase, iterations: 1 }, nobody)).rejects.toThrow(
      'no member could be made: status 403',
    );
    await expect(
      measure({ ...purchase, iterations: 1, env: { ...purchase.env, BUYERS: '0' } }),
    ).rejects.toThrow('BUYERS is 1 to 50');
  });
});

describe('the items of the page of the kind', () => {
  it('H2: are valid, and hold against the service under a shorter load', async () => {
    const page = await readFile('harness/checks/latency/latency.md', 'utf8');
    const blocks = [...page.matchAll(/```yaml\n(- id:[\s\S]*?)```/g)].map(([, text = '']) => parse(text));
    const items = blocks.flat() as { id: string; expect: string[]; with: LatencySettings }[];
    expect(items.map(({ id }) => id)).toEqual(['latency-reads', 'latency-purchase']);
    for (const item of items) {
      expect(schemaErrors(ItemSchema, item)).toEqual([]);
      expect(schemaErrors(latency.options, item.with)).toEqual([]);
      for (const text of item.expect) {
        expect(checkExpectation(text, latency.facts as FactSchema)).toBeUndefined();
      }
      const problems: string[] = [];
      const report = (_path: readonly (string | number)[], message: string) => void problems.push(message);
      await latency.lint?.(item.with, { root: process.cwd(), environment: undefined, report });
      expect(problems.filter((problem) => !problem.includes('secret.'))).toEqual([]);
      expect(await measure({ ...item.with, duration: '2s', window: '1s' })).toMatchObject({
        errors: 0,
        checks_failed: 0,
        exceptions: 0,
        thresholds: [{ ok: expect.any(Boolean) }],
      });
    }
  });
});
