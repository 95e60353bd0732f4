import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '#pipeline/config.ts';
import { startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';
import { cacheFlag, connectFlag, declareEconomyFlags, observabilityFlag, purchaseFlag } from './flags.ts';
import { judge } from './gate.ts';
import { createSanctionCache } from './sanction-cache.ts';
import type { Term } from './sanctions.ts';
import { demo } from './seed.ts';

let economy: TestEconomy;

beforeAll(async () => {
  economy = await startEconomy({ MODERATION_SAMPLING_RATE: '1' });
}, 120_000);

afterAll(() => economy?.stop());

beforeEach(async () => {
  for (const flag of [purchaseFlag, connectFlag, observabilityFlag]) await economy.setFlag(flag, false);
  await economy.setFlag(cacheFlag, true);
});

const buy = (who: 'member' | 'banned') =>
  economy.as(who, 'POST', '/api/shop/purchase/', {
    body: { item_id: economy.items['BADGE-BRONZE'], quantity: 1 },
  });
const sanction = async (kind: string, more: object = {}) =>
  (
    await economy.as('admin', 'POST', '/api/moderation/sanctions/', {
      body: { user_id: demo.member.id, kind, reason: 'test', ...more },
    })
  ).body;
const revoke = (id: string) => economy.as('admin', 'POST', `/api/moderation/sanctions/${id}/revoke/`);

/** Statements that name the table of sanctions while `work` runs. */
async function lookUps(work: () => Promise<unknown>): Promise<number> {
  const spy = vi.spyOn(economy.service.app.platform.db, 'query');
  await work();
  const count = spy.mock.calls.filter(([asked]) =>
    JSON.stringify(asked).includes('moderation_sanctions'),
  ).length;
  spy.mockRestore();
  return count;
}

describe('D7: flags', () => {
  it('D7: are off by default in the code, and the cache is on', () => {
    const { values } = loadConfig({
      DATABASE_URL: 'postgres://x@127.0.0.1/y',
      JWT_SECRET_KEY: 'sixteen-characters',
      DOMAINS: 'economy',
    });
    expect(
      Object.fromEntries(declareEconomyFlags(values).map(({ name, declared }) => [name, declared])),
    ).toEqual({
      MODERATION_OBSERVABILITY_ENABLED: false,
      PURCHASE_ENFORCEMENT_ENABLED: false,
      MODERATION_ENFORCEMENT_WS: false,
      MODERATION_CACHE_ENABLED: true,
    });
  });

  it('D7: with enforcement off nothing looks a sanction up, and a banned member buys', async () => {
    const count = await lookUps(async () => {
      expect((await buy('banned')).status).toBe(201);
      expect(
        (await economy.service.call('GET', '/api/moderation/enforcement/ping', { role: null })).status,
      ).toBe(200);
    });
    expect(count).toBe(0);
  });

  it('D7: with enforcement switched on at run time the banned member is denied, and off again buys', async () => {
    const before = (await economy.as('banned', 'GET', '/api/wallet/')).body;
    await economy.setFlag(purchaseFlag, true);
    const denied = await buy('banned');
    expect([denied.status, denied.body.error.code]).toEqual([403, 'BANNED']);
    expect((await economy.as('banned', 'GET', '/api/wallet/')).body).toEqual(before);
    expect((await buy('member')).status).toBe(201);
    await economy.setFlag(purchaseFlag, false);
    expect((await buy('banned')).status).toBe(201);
  });

  it('D8: the ping allows, in exactly these words, whether enforcement is on or off', async () => {
    for (const value of [true, false]) {
      await economy.setFlag(purchaseFlag, value);
      const { status, body } = await economy.service.call('GET', '/api/moderation/enforcement/ping', {
        role: null,
      });
      expect([status, body]).toEqual([200, { allow: true }]);
    }
  });
});

describe('D1: sanctions', () => {
  it('D1: a ban and a mute deny a purchase, a suspension and one of a tournament do not', async () => {
    await economy.setFlag(purchaseFlag, true);
    for (const [kind, more, status] of [
      ['ban', {}, 403],
      ['mute', {}, 403],
      ['suspend', {}, 201],
      ['ban', { scope: 'tournament' }, 201],
      ['ban', { starts_at: '2999-01-01T00:00:00Z' }, 201],
      ['ban', { starts_at: '2001-01-01T00:00:00Z', ends_at: '2001-01-02T00:00:00Z' }, 201],
    ] as const) {
      const { id } = await sanction(kind, more);
      expect((await buy('member')).status, `${kind} ${JSON.stringify(more)}`).toBe(status);
      expect((await revoke(id)).body.revoked_at).not.toBeNull();
      expect((await buy('member')).status).toBe(201);
    }
  });

  it('D1: a hold taken before a ban is not captured after it, but released', async () => {
    await economy.setFlag(purchaseFlag, true);
    const body = { item_id: economy.items['BADGE-BRONZE'] };
    const hold = (await economy.as('member', 'POST', '/api/shop/holds/', { body })).body;
    const { id } = await sanction('ban');
    const url = `/api/shop/holds/${hold.purchase_id}/`;
    expect((await economy.as('member', 'POST', `${url}capture/`)).status).toBe(403);
    expect((await economy.as('member', 'POST', `${url}release/`)).status).toBe(200);
    await revoke(id);
  });

  it('D1: are given and taken by administrators, for users that exist and times that make sense', async () => {
    const refused = await Promise.all([
      sanction('ban', { user_id: '00000000-0000-4000-8000-000000000000' }),
      sanction('ban', { starts_at: '2026-01-02T00:00:00Z', ends_at: '2026-01-01T00:00:00Z' }),
      sanction('ban', { ends_at: '2026-13-01T00:00:00Z' }),
      sanction('exile'),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    expect((await economy.as('member', 'GET', '/api/moderation/sanctions/')).status).toBe(403);
    const { body } = await economy.as('admin', 'GET', `/api/moderation/sanctions/?user_id=${demo.banned.id}`);
    expect(body.sanctions).toMatchObject([{ kind: 'ban', user_id: demo.banned.id, revoked_at: null }]);
    const { id } = await sanction('mute');
    const first = await revoke(id);
    expect((await revoke(id)).body).toEqual(first.body);
  });

  it('D1: of any sanctions exactly those deny that are active and of a kind that blocks', () => {
    const term: fc.Arbitrary<Term> = fc.record({
      id: fc.uuid(),
      kind: fc.constantFrom('ban', 'mute', 'suspend'),
      reason: fc.constant('test'),
      startsAt: fc.integer({ min: 0, max: 20 }),
      endsAt: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(Infinity)),
    });
    const blocks = { purchase: ['ban', 'mute'], connect: ['ban', 'suspend'] };
    fc.assert(
      fc.property(fc.array(term), fc.constantFrom('purchase', 'connect'), (terms, action) => {
        const hits = terms.filter(
          (one) => one.startsAt <= 10 && one.endsAt > 10 && blocks[action].includes(one.kind),
        );
        const decision = judge(terms, action, 10);
        expect(decision.allowed).toBe(hits.length === 0);
        if (!decision.allowed) expect(hits.map(({ id }) => id)).toContain(decision.sanction_id);
        if (hits.some(({ kind }) => kind === 'ban')) expect(decision.reason_code).toBe('BANNED');
      }),
    );
  });
});

describe('D1: the cache of sanctions', () => {
  const counting = () => {
    const seen = { hits: 0, misses: 0, invalidations: 0 };
    const observer = {
      hit: () => void seen.hits++,
      miss: () => void seen.misses++,
      invalidation: () => void seen.invalidations++,
    };
    return { seen, observer };
  };

  it('D1: looks up once for many purchases, again after a change, and each time when it is switched off', async () => {
    await economy.setFlag(purchaseFlag, true);
    await revoke((await sanction('mute')).id);
    const five = async () => {
      for (let count = 0; count < 5; count++) await buy('member');
    };
    expect(await lookUps(five)).toBe(1);
    await revoke((await sanction('mute')).id);
    expect(await lookUps(five)).toBe(1);
    await economy.setFlag(cacheFlag, false);
    expect(await lookUps(five)).toBe(5);
  });

  it('D1: forgets after its time, keeps no more than its bound, and what it kept ends by itself', async () => {
    let now = 0;
    const { seen, observer } = counting();
    const cache = createSanctionCache({ ttlMs: 60_000, observer, maxEntries: 2, now: () => now });
    const read = (user: string) => cache.read(user, async () => []);
    await read('a');
    now = 59_999;
    await read('a');
    now = 60_000;
    await read('a');
    expect(seen).toEqual({ hits: 1, misses: 2, invalidations: 0 });
    await read('b');
    await read('c');
    await read('a');
    expect(seen).toEqual({ hits: 1, misses: 5, invalidations: 0 });
  });

  it('D1: does not keep what was read before a change that came meanwhile', async () => {
    const { seen, observer } = counting();
    const cache = createSanctionCache({ ttlMs: 60_000, observer });
    const slow = Promise.withResolvers<Term[]>();
    const reading = cache.read('a', () => slow.promise);
    cache.invalidate('a');
    slow.resolve([]);
    await reading;
    await cache.read('a', async () => []);
    expect(seen).toEqual({ hits: 0, misses: 2, invalidations: 1 });
  });
});

describe('D7: observability', () => {
  it('D7: off, the scrape holds no moderation metric; on, it begins at zero and counts decisions and the cache', async () => {
    await economy.setFlag(purchaseFlag, true);
    await buy('banned');
    expect(await economy.service.metrics()).not.toContain('moderation_');
    await economy.setFlag(observabilityFlag, true);
    expect(await economy.service.metrics()).toContain(
      'moderation_gate_decisions_total{result="deny",reason="BANNED"} 0',
    );
    await buy('banned');
    await buy('member');
    await sanction('mute');
    await buy('member');
    const text = await economy.service.metrics();
    for (const line of [
      'moderation_gate_decisions_total{result="deny",reason="BANNED"} 1',
      'moderation_gate_decisions_total{result="deny",reason="MUTED"} 1',
      'moderation_gate_decisions_total{result="allow",reason="NONE"} 1',
      'moderation_gate_latency_seconds_bucket{le="0.15"} 3',
      'moderation_cache_invalidations_total 1',
      'moderation_observability_dropped_total{reason="pii_rejected"} 0',
      'moderation_observability_dropped_total{reason="rate_limited"} 0',
    ]) {
      expect(text).toContain(line);
    }
    const counted = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
    expect(counted('moderation_cache_hits_total') + counted('moderation_cache_misses_total')).toBe(3);
    const samples = economy.service.lines.filter(({ event }) => event === 'moderation.decision.sampled');
    expect(samples).toMatchObject([
      { payload: { action: 'purchase', allowed: false, reason_code: 'BANNED', note: 'demonstration' } },
      { payload: { action: 'purchase', allowed: true, reason_code: null, note: null } },
      { payload: { action: 'purchase', allowed: false, reason_code: 'MUTED', note: 'test' } },
    ]);
    expect(JSON.stringify(samples)).not.toContain(demo.member.id);
    expect(text).not.toContain(demo.member.id);
    await economy.setFlag(observabilityFlag, false);
    expect(await economy.service.metrics()).not.toContain('moderation_');
  });
});
