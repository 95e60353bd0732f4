import { createHash, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Type } from 'typebox';
import type { Database } from './db.ts';
import { ServiceError } from './errors.ts';
import { startHeartbeat } from './heartbeat.ts';

const Key = Type.String({ pattern: '^[!-~]{1,128}$' });

/** Either name, the same key: a request that is sent again with it is answered as the first one was. */
export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(Key),
  'x-idempotency-key': Type.Optional(Key),
});

export interface OnceRequest {
  caller: string;
  operation: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}

export interface OnceAnswer {
  status: number;
  body: object;
  /** False lets the same key try again: nothing was done. */
  isFinal: boolean;
}

/** How long a request whose instance vanished keeps others with its key waiting. */
const holdSeconds = 30;
const beatMs = 10_000;
const rememberHours = 24;

/** Works once for each key, and then repeats the answer. What throws or is not final leaves the key free. */
export async function answerOnce(
  db: Database,
  request: OnceRequest,
  work: () => Promise<OnceAnswer>,
): Promise<{ status: number; body: object; replayed: boolean }> {
  const key = readKey(request.headers);
  if (key === undefined) return { ...(await work()), replayed: false };
  const holder = randomUUID();
  const earlier = await claim(db, request, key, holder);
  if (earlier) return { ...earlier, replayed: true };
  const stop = startHeartbeat(() => hold(db, holder), beatMs);
  const free = () => db.query('DELETE FROM idempotent_requests WHERE holder = $1', [holder]);
  try {
    const { status, body, isFinal } = await work();
    // What was done is done: an answer that cannot be kept is still the answer.
    await (isFinal ? keep(db, holder, status, body) : free()).catch(() => {});
    return { status, body, replayed: false };
  } catch (error) {
    await free().catch(() => {});
    throw error;
  } finally {
    stop();
  }
}

function readKey(headers: OnceRequest['headers']): string | undefined {
  const [plain, prefixed] = ['idempotency-key', 'x-idempotency-key'].map((name) => headers[name]?.toString());
  if (plain !== undefined && prefixed !== undefined && plain !== prefixed) {
    throw new ServiceError('BAD_REQUEST', 'idempotency-key and x-idempotency-key differ');
  }
  return plain ?? prefixed;
}

type Kept = { status: number; body: object };

/** Undefined when the claim is ours, else the answer that the first request was given. */
async function claim(
  db: Database,
  { caller, operation, body }: OnceRequest,
  key: string,
  holder: string,
): Promise<Kept | undefined> {
  const digest = createHash('sha256')
    .update(JSON.stringify(body) ?? '')
    .digest();
  const identity = [caller, operation, key];
  const claimed = await db.query(
    `INSERT INTO idempotent_requests AS r
       (caller, operation, key, body_sha256, holder, held_until, expires_at)
     VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), now() + make_interval(hours => $7))
     ON CONFLICT (caller, operation, key) DO UPDATE
       SET body_sha256 = excluded.body_sha256, holder = excluded.holder, held_until = excluded.held_until,
         status = NULL, answer = NULL, expires_at = excluded.expires_at
       WHERE r.expires_at < now()
         OR (r.status IS NULL AND r.held_until < now() AND r.body_sha256 = excluded.body_sha256)`,
    [...identity, digest, holder, holdSeconds, rememberHours],
  );
  if (claimed.rowCount === 1) return undefined;
  const { rows } = await db.query<{ same: boolean; status: number | null; answer: object }>(
    `SELECT body_sha256 = $4 AS same, status, answer FROM idempotent_requests
     WHERE caller = $1 AND operation = $2 AND key = $3`,
    [...identity, digest],
  );
  const row = rows[0];
  if (row && !row.same) {
    throw new ServiceError('CONFLICT', 'the idempotency key was used before with another body');
  }
  if (!row || row.status === null) {
    throw new ServiceError('REQUEST_IN_PROGRESS', 'a request with this idempotency key is under way');
  }
  return { status: row.status, body: row.answer };
}

function hold(db: Database, holder: string) {
  return db.query(
    'UPDATE idempotent_requests SET held_until = now() + make_interval(secs => $2) WHERE holder = $1',
    [holder, holdSeconds],
  );
}

function keep(db: Database, holder: string, status: number, body: object) {
  return db.query('UPDATE idempotent_requests SET status = $2, answer = $3 WHERE holder = $1', [
    holder,
    status,
    JSON.stringify(body),
  ]);
}
