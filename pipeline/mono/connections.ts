import { randomUUID } from 'node:crypto';
import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import { MonoError } from './client.ts';
import type { CallbackBody, LinkBody } from './schemas.ts';
import type { MonoClient } from './types.ts';

export interface ConnectionView {
  connection_id: string;
  provider: string;
  status: string;
  reference: string | null;
  created_at: string;
  accounts: {
    account_id: string;
    masked_account_number: string;
    currency: string;
    status: string;
    last_synced_at: string | null;
  }[];
}

export async function listConnections(db: Queryable, siId: string): Promise<ConnectionView[]> {
  const { rows } = await db.query<ConnectionView>(
    `SELECT c.id AS connection_id, c.provider, c.status, c.reference, c.created_at,
       coalesce(jsonb_agg(jsonb_build_object(
         'account_id', a.id, 'masked_account_number', a.masked_account_number, 'currency', a.currency,
         'status', a.status, 'last_synced_at', a.last_synced_at) ORDER BY a.created_at)
         FILTER (WHERE a.id IS NOT NULL), '[]') AS accounts
     FROM banking_connections AS c LEFT JOIN bank_accounts AS a ON a.connection_id = c.id
     WHERE c.si_id = $1 GROUP BY c.id ORDER BY c.created_at DESC LIMIT 200`,
    [siId],
  );
  return rows;
}

/** A widget session lives that long at most on our side; Mono publishes no figure. */
const sessionMinutes = 60;

export async function startLink(deps: { db: Database; client: MonoClient }, siId: string, body: LinkBody) {
  const { customer, scope, redirect_url: redirectUrl } = body;
  if (!customer || !scope || !redirectUrl) {
    throw new ServiceError('BAD_REQUEST', 'Missing required fields: customer, scope, redirect_url');
  }
  const { name, email } = customer;
  if (!name || !email) throw new ServiceError('BAD_REQUEST', 'customer needs name and email');
  if (scope !== 'auth') throw new ServiceError('BAD_REQUEST', 'scope must be "auth"');
  if (!/^https:\/\//.test(redirectUrl)) throw new ServiceError('BAD_REQUEST', 'redirect_url must be https');
  const reference = body.meta?.ref ?? `si-${randomUUID()}`;
  if (reference.length < 10) throw new ServiceError('BAD_REQUEST', 'meta.ref needs at least 10 characters');
  const session = await deps.client
    .initiate({ customer: { name, email }, redirectUrl, reference })
    .catch(blameInput('customer or redirect_url'));
  const { rows } = await deps.db.query<{ id: string }>(
    `INSERT INTO banking_connections (si_id, provider_customer_id, reference) VALUES ($1, $2, $3)
     ON CONFLICT (reference) DO NOTHING RETURNING id`,
    [siId, session.customerId, reference],
  );
  if (!rows[0]) throw new ServiceError('CONFLICT', 'meta.ref was used before');
  return {
    session_id: rows[0].id,
    mono_url: session.monoUrl,
    reference,
    customer_name: name,
    customer_email: email,
    expires_at: new Date(Date.now() + sessionMinutes * 60_000).toISOString(),
    status: 'pending',
    si_id: siId,
  };
}

/** What Mono refuses of a caller's own input is the caller's to correct; trying again would not help. */
function blameInput(field: string): (thrown: unknown) => never {
  return (thrown) => {
    if (thrown instanceof MonoError && (thrown.status === 400 || thrown.status === 404)) {
      throw new ServiceError('BAD_REQUEST', `Mono does not take this ${field}`, { cause: thrown });
    }
    throw thrown;
  };
}

/** Mono may keep the number to itself; then nothing of it is shown. */
const unknownNumber = '****';

/** The code becomes an account: only the masked number is ever stored. */
export async function finishLink(
  deps: { db: Database; client: MonoClient },
  siId: string,
  body: CallbackBody,
) {
  const { code, reference } = body;
  if (!code) throw new ServiceError('BAD_REQUEST', 'Missing required field: code');
  const { id: monoAccountId } = await deps.client.exchangeCode(code).catch(blameInput('code'));
  const account = await deps.client.account(monoAccountId);
  return deps.db.transaction(async (tx) => {
    const connectionId = reference
      ? await activatePending(tx, siId, reference)
      : ((await findConnection(tx, siId, monoAccountId)) ?? (await addConnection(tx, siId)));
    const { rows } = await tx.query<{ id: string }>(
      `INSERT INTO bank_accounts
         (connection_id, mono_account_id, provider_account_id, masked_account_number, currency)
       VALUES ($1, $2, $2, $3, $4)
       ON CONFLICT (connection_id, mono_account_id)
       DO UPDATE SET status = 'active', masked_account_number = excluded.masked_account_number,
         updated_at = now()
       RETURNING id`,
      [connectionId, monoAccountId, account.maskedAccountNumber ?? unknownNumber, account.currency ?? 'NGN'],
    );
    return {
      connection_id: connectionId,
      account_id: rows[0]?.id,
      status: 'active',
      data_status: account.dataStatus,
    };
  });
}

async function activatePending(tx: Queryable, siId: string, reference: string): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    `UPDATE banking_connections SET status = 'active', updated_at = now()
     WHERE reference = $1 AND si_id = $2 RETURNING id`,
    [reference, siId],
  );
  if (!rows[0]) throw new ServiceError('NOT_FOUND', 'no link session has this reference');
  return rows[0].id;
}

/** An account that is linked again, after a reauthorisation for one, stays the account that it was. */
async function findConnection(
  tx: Queryable,
  siId: string,
  monoAccountId: string,
): Promise<string | undefined> {
  const { rows } = await tx.query<{ id: string }>(
    `UPDATE banking_connections SET status = 'active', updated_at = now() WHERE id = (
       SELECT c.id FROM banking_connections AS c JOIN bank_accounts AS a ON a.connection_id = c.id
       WHERE c.si_id = $1 AND a.mono_account_id = $2 ORDER BY a.created_at LIMIT 1)
     RETURNING id`,
    [siId, monoAccountId],
  );
  return rows[0]?.id;
}

async function addConnection(tx: Queryable, siId: string): Promise<string> {
  const { rows } = await tx.query<{ id: string }>(
    "INSERT INTO banking_connections (si_id, status) VALUES ($1, 'active') RETURNING id",
    [siId],
  );
  if (!rows[0]) throw new ServiceError('CONFLICT', 'the connection was not stored');
  return rows[0].id;
}
