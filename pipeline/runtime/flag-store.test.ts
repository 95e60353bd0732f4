import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEconomy, type TestEconomy } from '#pipeline/testing/economy.ts';

const flag = 'PURCHASE_ENFORCEMENT_ENABLED';

let economy: TestEconomy;
beforeAll(async () => {
  economy = await startEconomy();
}, 120_000);
afterAll(() => economy?.stop());

interface Shown {
  flag: string;
  running: boolean;
  overrides: { value: boolean; updated_at: string; ends_at: string | null }[];
}

const ofFlag = (flags: Shown[]) => flags.find((each) => each.flag === flag);

async function put(value: boolean | null, more: object = {}) {
  const body = { flag, value, ...more };
  const { status, body: answer } = await economy.as('admin', 'PUT', '/api/v1/admin/flags', { body });
  return { status, error: answer.error?.code, shown: ofFlag(answer.data?.flags ?? []) };
}

beforeEach(() => put(null));

describe('an override', () => {
  it('with a term ends by itself, also where an earlier one stood', async () => {
    await put(false);
    const { shown } = await put(true, { for_seconds: 60 });
    expect(shown).toMatchObject({ running: true, overrides: [{ value: true }] });
    expect(Date.parse(shown?.overrides[0]?.ends_at ?? '') - Date.now()).toBeLessThanOrEqual(60_000);
    const { db, flags } = economy.service.app.platform;
    await db.query("UPDATE flag_overrides SET ends_at = now() - interval '1 millisecond'");
    await flags.refresh();
    expect(flags.view().find((view) => view.flag === flag)).toMatchObject({
      running: false,
      source: 'declared',
    });
    expect(await put(true, { if_updated_at: null })).toMatchObject({ status: 200 });
  });

  it('is changed by one of several who saw the same, the others are told', async () => {
    const attempts = await Promise.all(
      [1, 2, 3, 4].map(() => put(true, { if_updated_at: null, for_seconds: 60 })),
    );
    expect(attempts.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    expect(attempts.find(({ status }) => status === 409)?.error).toBe('CONFLICT');

    const [current] = (await put(true)).shown?.overrides ?? [];
    expect(await put(false, { if_updated_at: null })).toMatchObject({ status: 409 });
    expect(await put(null, { if_updated_at: current?.updated_at })).toMatchObject({ status: 200 });
    expect(await put(null, { if_updated_at: current?.updated_at })).toMatchObject({ status: 409 });
  });

  it('is another one after a change within the same millisecond', async () => {
    const [seen] = (await put(true)).shown?.overrides ?? [];
    const { db } = economy.service.app.platform;
    await db.query("UPDATE flag_overrides SET updated_at = updated_at + interval '1 microsecond'");
    expect(await put(null, { if_updated_at: seen?.updated_at })).toMatchObject({ status: 409 });
  });
});
