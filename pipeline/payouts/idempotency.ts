import { createHash } from 'node:crypto';
import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { brokenConstraint, ServiceError } from '#pipeline/runtime/errors.ts';
import { detailOf, translatePayoutError } from './errors.ts';
import type { KeyedRoute, PayoutMetrics } from './metrics.ts';

const longestKey = 128;

export interface KeyedRequest {
  userId: string;
  key: string;
  route: KeyedRoute;
  body: unknown;
}

export interface KeyedAnswer {
  status: number;
  body: object;
}

export interface KeyedDeps {
  db: Database;
  metrics: Pick<PayoutMetrics, 'replayed' | 'conflicted'>;
  retentionHours: number;
}

/** The Idempotency-Key of a request; refused when there is none, or one that is too long to be kept. */
export function readKey(given: string | string[] | undefined): string {
  const key = typeof given === 'string' ? given.trim() : '';
  if (key === '') throw new ServiceError('IDEMPOTENCY_KEY_REQUIRED', 'this wants an Idempotency-Key');
  if (key.length > longestKey) {
    throw new ServiceError(
      'IDEMPOTENCY_KEY_TOO_LONG',
      `an Idempotency-Key has ${longestKey} characters at most`,
    );
  }
  return key;
}

/**
 * Works once for each key of a user, in one transaction with what is kept of it: without the answer no money has
 * moved. Refusals are kept, too, but for 429 and failures of ours, which leave the key free.
 */
export async function answerKeyed(
  deps: KeyedDeps,
  request: KeyedRequest,
  work: (tx: Queryable) => Promise<KeyedAnswer>,
): Promise<KeyedAnswer & { replayed: boolean }> {
  const under = <T>(doIt: (tx: Queryable) => Promise<T>) =>
    deps.db.transaction(async (tx) => {
      const kept = await claim(tx, deps, request);
      if (kept) deps.metrics.replayed(request.route);
      return kept ? { ...kept, replayed: true } : { ...(await doIt(tx)), replayed: false };
    });
  try {
    return await under(async (tx) => {
      const answer = await work(tx);
      await keep(tx, request, answer);
      return answer;
    });
  } catch (thrown) {
    const refusal = refusalToKeep(thrown);
    if (!refusal) throw asInProgress(thrown);
    // The transaction that found it is gone. A refusal that cannot be kept is still one.
    return await under(async (tx) => {
      await keep(tx, request, refusal);
      return refusal;
    }).catch(() => {
      throw thrown;
    });
  }
}

async function claim(
  tx: Queryable,
  { metrics, retentionHours }: KeyedDeps,
  { userId, key, route, body }: KeyedRequest,
): Promise<KeyedAnswer | undefined> {
  const { rows } = await tx.query<Kept>('SELECT * FROM app.claim_idempotency_key($1, $2, $3)', [
    userId,
    key,
    retentionHours,
  ]);
  const [kept] = rows;
  if (!kept) return undefined;
  if (kept.busy) throw inProgress();
  if (kept.route_key !== route || kept.request_hash !== hashRequest(body)) {
    metrics.conflicted(route);
    throw new ServiceError('IDEMPOTENCY_CONFLICT', 'the key was used before for another request');
  }
  return { status: kept.status_code, body: kept.response_json };
}

interface Kept {
  busy: boolean;
  route_key: string;
  request_hash: string;
  status_code: number;
  response_json: object;
}

function keep(tx: Queryable, { userId, key, route, body }: KeyedRequest, answer: KeyedAnswer) {
  return tx.query(
    `INSERT INTO app.idempotency_keys
       (user_id, idempotency_key, route_key, request_hash, response_json, status_code)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [userId, key, route, hashRequest(body), JSON.stringify(answer.body), answer.status],
  );
}

/** Of the compact JSON with sorted names: the order in which a client writes them says nothing. */
export function hashRequest(body: unknown): string {
  return createHash('sha256').update(sortedJson(body)).digest('hex');
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_name, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

const neverKept = new Set(['IDEMPOTENCY_CONFLICT', 'IDEMPOTENCY_IN_PROGRESS']);

function refusalToKeep(thrown: unknown): KeyedAnswer | undefined {
  const error = thrown instanceof ServiceError ? thrown : translatePayoutError(thrown);
  if (!error || error.statusCode >= 500 || error.statusCode === 429 || neverKept.has(error.code))
    return undefined;
  return { status: error.statusCode, body: detailOf(error) };
}

function inProgress(): ServiceError {
  const message = 'a request with this key is under way';
  return new ServiceError('IDEMPOTENCY_IN_PROGRESS', message, { retryAfterSeconds: 1 });
}

/** The last guard, should two ever hold one key: only one of them is kept, and the other has moved nothing. */
function asInProgress(thrown: unknown): unknown {
  const isTwice = brokenConstraint(thrown) === 'idempotency_keys_user_id_idempotency_key_route_key_key';
  return isTwice ? inProgress() : thrown;
}
