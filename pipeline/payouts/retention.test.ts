import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { useDatabase } from '#pipeline/testing/database.ts';
import { fundedWallet, payoutOf } from '#pipeline/testing/payouts.ts';
import { confirm, fail, type Payout } from './payouts.ts';
import { forgetEvents } from './retention.ts';
import { keepEvent } from './webhooks/events.ts';

const database = useDatabase({ max: 2 });
const days = 90;
let counted = 0;
let walletId = '';
const metrics = {
  forgotten(_kind: string, rows: number) {
    counted += rows;
  },
};
const forget = (batch = 1000) => forgetEvents({ db: database.db, metrics, batch }, days);

interface Kept {
  /** Days since it came. */
  age?: number;
  /** It was linked to the payout when it came; else it only names it. */
  linked?: Payout;
  externalRef?: string | null;
  signed?: boolean;
  replayOf?: string;
}

async function keep({
  age = 91,
  linked,
  externalRef = null,
  signed = true,
  replayOf,
}: Kept): Promise<string> {
  const id = await keepEvent(database.db, {
    provider: 'TMONEY',
    reading: { externalRef, providerRef: null, status: 'SUCCESS' } as never,
    signature: null,
    signatureValid: signed,
    applied: false,
    reason: null,
    transactionId: linked?.transaction_id ?? null,
    body: Buffer.from('{}'),
    requestId: 'test',
    ...(replayOf && { replayOf }),
  });
  const sql = 'UPDATE app.webhook_events SET received_at = now() - make_interval(days => $2) WHERE id = $1';
  await database.db.query(sql, [id, age]);
  return id;
}

async function left(): Promise<string[]> {
  const { rows } = await database.db.query<{ id: string }>('SELECT id FROM app.webhook_events');
  return rows.map(({ id }) => id).sort();
}

beforeEach(async () => {
  counted = 0;
  walletId ||= (await fundedWallet(database.db, 100_000)).walletId;
  await database.db.query('DELETE FROM app.webhook_events');
});

async function decided(): Promise<Payout> {
  const payout = await payoutOf(database.db, walletId);
  await confirm(database.db, payout.transaction_id);
  return payout;
}

describe('N4: callbacks that were kept long enough', () => {
  it('go when their payout is decided, and are counted; younger ones stay', async () => {
    const confirmed = await decided();
    const failed = await payoutOf(database.db, walletId);
    await fail(database.db, failed.transaction_id, { error: 'NO', retryable: true });
    await keep({ linked: confirmed });
    await keep({ linked: failed });
    await keep({ externalRef: confirmed.external_ref, signed: false });
    const young = await keep({ linked: confirmed, age: 89 });
    await forget();
    expect([await left(), counted]).toEqual([[young], 3]);
  });

  it('stay while a payout that they name is open, also those that were not believed', async () => {
    const open = await payoutOf(database.db, walletId);
    const ids = [
      await keep({ linked: open }),
      await keep({ externalRef: open.external_ref, signed: false }),
      await keep({ externalRef: `${open.external_ref}-r1` }),
    ];
    await forget();
    expect(await left()).toEqual(ids.sort());
    await confirm(database.db, open.transaction_id);
    await forget();
    expect(await left()).toEqual([]);
  });

  it('stay when they were signed and no payout answers to them, until they were played again', async () => {
    const externalRef = randomUUID();
    const signed = await keep({ externalRef });
    await keep({ externalRef, signed: false });
    await forget();
    expect(await left()).toEqual([signed]);
    const again = await keep({ externalRef, replayOf: signed, age: 1 });
    await forget();
    expect(await left()).toEqual([again]);
    await database.db.query("UPDATE app.webhook_events SET received_at = now() - interval '91 days'");
    await forget();
    expect(await left()).toEqual([]);
  });

  it('go in batches, all of them', async () => {
    const payout = await decided();
    for (let made = 0; made < 7; made += 1) await keep({ linked: payout });
    await forget(3);
    expect([await left(), counted]).toEqual([[], 7]);
  });
});
