import { randomUUID } from 'node:crypto';
import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { brokenConstraint, ServiceError } from '#pipeline/runtime/errors.ts';
import { coins } from './coins.ts';

export interface Item {
  id: number;
  sku: string;
  name: string;
  description: string;
  price: number;
  active: boolean;
}

export type PurchaseState = 'authorized' | 'captured' | 'released' | 'expired';

export interface Purchase {
  purchase_id: string;
  state: PurchaseState;
  item_id: number;
  quantity: number;
  total: number;
  refunded: number;
  expires_at: string;
  transaction_id: number | null;
  balance_after: number | null;
}

export interface Order {
  userId: string;
  itemId: number;
  quantity: number;
  /** Sent again with the same key it is answered as the first time. */
  idempotencyKey?: string | undefined;
  holdSeconds: number;
  /** False leaves a hold, to be captured or released later. */
  capture: boolean;
}

interface PurchaseRow {
  id: string;
  item_id: number;
  quantity: number;
  total: string;
  state: PurchaseState;
  refunded: string;
  expires_at: Date;
  transaction_id: string | null;
  balance_after: string | null;
}

export async function listItems(db: Queryable): Promise<Item[]> {
  const { rows } = await db.query<Omit<Item, 'price'> & { price: string }>(
    'SELECT id, sku, name, description, price, active FROM shop_items WHERE active ORDER BY id LIMIT 500',
  );
  return rows.map((row) => ({ ...row, price: coins(row.price) }));
}

export async function order(db: Database, asked: Order): Promise<Purchase & { replayed: boolean }> {
  const { userId, itemId, quantity, idempotencyKey, holdSeconds, capture } = asked;
  try {
    const statement = { name: 'shop.order', text: 'SELECT * FROM shop_order($1, $2, $3, $4, $5, $6)' };
    const { rows } = await db.query<PurchaseRow>(statement, [
      userId,
      itemId,
      quantity,
      idempotencyKey ?? randomUUID(),
      holdSeconds,
      capture,
    ]);
    if (!rows[0])
      throw new ServiceError('NOT_FOUND', 'there is no such item on sale, or no wallet to pay from');
    return { ...purchaseOf(rows[0]), replayed: false };
  } catch (error) {
    // The first purchase may have left too little for a second: its key is what counts.
    const earlier = idempotencyKey === undefined ? undefined : await findOrder(db, asked);
    if (!earlier) throw error;
    return { ...purchaseOf(earlier), replayed: true };
  }
}

async function findOrder(db: Database, { userId, idempotencyKey, itemId, quantity, capture }: Order) {
  const { rows } = await db.query<PurchaseRow>(
    'SELECT * FROM shop_purchase_details WHERE user_id = $1 AND idempotency_key = $2',
    [userId, idempotencyKey],
  );
  const row = rows[0];
  const isOther =
    row && (row.item_id !== itemId || row.quantity !== quantity || (capture && !row.transaction_id));
  if (isOther) throw new ServiceError('CONFLICT', 'the idempotency key was used before with another body');
  return row;
}

/** Again and again it changes nothing more; a hold that is over is neither captured nor released. */
export async function settle(
  db: Database,
  purchaseId: string,
  userId: string,
  state: 'captured' | 'released',
): Promise<Purchase> {
  await db.query(
    `UPDATE shop_purchases p SET state = $3 FROM economy_wallets w
     WHERE p.id = $1 AND w.id = p.wallet_id AND w.user_id = $2 AND p.state = 'authorized' AND p.expires_at > now()`,
    [purchaseId, userId, state],
  );
  const { rows } = await db.query<PurchaseRow>(
    'SELECT * FROM shop_purchase_details WHERE id = $1 AND user_id = $2',
    [purchaseId, userId],
  );
  if (!rows[0]) throw new ServiceError('NOT_FOUND', 'there is no such purchase');
  if (rows[0].state === state) return purchaseOf(rows[0]);
  const now = rows[0].state === 'authorized' ? 'expired' : rows[0].state;
  throw new ServiceError('CONFLICT', `the hold is ${now}`);
}

export interface RefundRequest {
  purchaseId: string;
  /** Nothing: all that is left. */
  amount?: number | undefined;
  idempotencyKey: string;
}

export interface Refunded {
  refund_id: string;
  amount: number;
  idempotency_key: string;
  purchase: Purchase;
}

export async function refund(db: Database, asked: RefundRequest): Promise<Refunded & { replayed: boolean }> {
  const { purchaseId, amount, idempotencyKey } = asked;
  const earlier = await findRefund(db, asked);
  if (earlier) return { ...earlier, replayed: true };
  let replayed = false;
  try {
    const { rows } = await db.query<{ id: string }>(
      `INSERT INTO shop_refunds (purchase_id, amount, idempotency_key)
       SELECT id, coalesce($2::bigint, total - refunded), $3 FROM shop_purchases
       WHERE id = $1 AND state = 'captured' AND refunded < total RETURNING id`,
      [purchaseId, amount ?? null, idempotencyKey],
    );
    if (!rows[0]) throw await whyNoRefund(db, purchaseId);
  } catch (error) {
    if (brokenConstraint(error) !== 'shop_refunds_once') throw error;
    replayed = true;
  }
  const made = await findRefund(db, asked);
  if (!made) throw new ServiceError('NOT_FOUND', 'there is no such refund');
  return { ...made, replayed };
}

async function findRefund(db: Database, asked: RefundRequest): Promise<Refunded | undefined> {
  const { rows } = await db.query<PurchaseRow & { refund_id: string; amount: string }>(
    `SELECT r.id AS refund_id, r.amount, d.* FROM shop_refunds r
       JOIN shop_purchase_details d ON d.id = r.purchase_id
     WHERE r.purchase_id = $1 AND r.idempotency_key = $2`,
    [asked.purchaseId, asked.idempotencyKey],
  );
  const row = rows[0];
  if (!row) return undefined;
  const amount = coins(row.amount);
  if (asked.amount !== undefined && asked.amount !== amount) {
    throw new ServiceError('CONFLICT', 'the idempotency key was used before with another body');
  }
  return {
    refund_id: row.refund_id,
    amount,
    idempotency_key: asked.idempotencyKey,
    purchase: purchaseOf(row),
  };
}

async function whyNoRefund(db: Database, purchaseId: string): Promise<ServiceError> {
  const { rows } = await db.query('SELECT 1 FROM shop_purchases WHERE id = $1', [purchaseId]);
  return rows.length === 0
    ? new ServiceError('NOT_FOUND', 'there is no such purchase')
    : new ServiceError('CONFLICT', 'nothing of this purchase is left to refund');
}

/** One hold a statement: two instances that sweep at once never wait for each other. */
export async function expireHolds(db: Database): Promise<number> {
  let expired = 0;
  for (;;) {
    const { rowCount } = await db.query(
      `UPDATE shop_purchases SET state = 'expired' WHERE id = (
         SELECT id FROM shop_purchases WHERE state = 'authorized' AND expires_at <= now()
         ORDER BY expires_at LIMIT 1 FOR UPDATE SKIP LOCKED)`,
    );
    if (rowCount === 0) return expired;
    expired += 1;
  }
}

function purchaseOf(row: PurchaseRow): Purchase {
  return {
    purchase_id: row.id,
    state: row.state,
    item_id: row.item_id,
    quantity: row.quantity,
    total: coins(row.total),
    refunded: coins(row.refunded),
    expires_at: row.expires_at.toISOString(),
    transaction_id: row.transaction_id === null ? null : coins(row.transaction_id),
    balance_after: row.balance_after === null ? null : coins(row.balance_after),
  };
}
