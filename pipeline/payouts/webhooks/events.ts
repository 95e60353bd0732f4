import type { Provider } from '#pipeline/payouts/payouts.ts';
import type { Queryable } from '#pipeline/runtime/db.ts';
import type { Reading } from './news.ts';

/** A callback as it is kept, whatever came of it. */
export interface NewEvent {
  provider: Provider;
  reading: Reading;
  signature: string | null;
  signatureValid: boolean;
  applied: boolean;
  reason: string | null;
  transactionId: string | null;
  body: Buffer;
  requestId: string;
  replayOf?: string;
}

export async function keepEvent(db: Queryable, event: NewEvent): Promise<string> {
  const { reading } = event;
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO app.webhook_events (provider, transaction_id, external_ref, provider_ref, status_raw, signature,
       signature_valid, applied, reason, body, request_id, replay_of)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id`,
    [
      event.provider,
      event.transactionId,
      reading.externalRef,
      reading.providerRef,
      reading.status,
      event.signature?.slice(0, 200) ?? null,
      event.signatureValid,
      event.applied,
      event.reason,
      event.body,
      event.requestId,
      event.replayOf ?? null,
    ],
  );
  const [row] = rows;
  if (!row) throw new Error('the event was not kept');
  return row.id;
}

export interface KeptEvent {
  provider: Provider;
  signature: string | null;
  signature_valid: boolean;
  body: Buffer;
}

export async function findEvent(db: Queryable, id: string): Promise<KeptEvent | undefined> {
  const { rows } = await db.query<KeptEvent>(
    'SELECT provider, signature, signature_valid, body FROM app.webhook_events WHERE id = $1',
    [id],
  );
  return rows[0];
}
