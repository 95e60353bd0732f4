import type { Database } from '#pipeline/runtime/db.ts';
import { brokenConstraint, ServiceError } from '#pipeline/runtime/errors.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';
import { detailOf, translatePayoutError } from './errors.ts';
import { type GuardedRequest, guardOf, hashRequest } from './guard.ts';
import type { KeyedRoute, PayoutMetrics } from './metrics.ts';

const longestKey = 128;

export interface KeyedRequest extends GuardedRequest {
  route: KeyedRoute;
}

export interface KeyedAnswer {
  status: number;
  body: object;
}

export interface KeyedDeps {
  db: Database;
  log: Logger;
  metrics: Pick<PayoutMetrics, 'replayed' | 'conflicted'>;
  retentionHours: number;
}

/** Does what was asked for, under its key, and says how it is answered. Undefined: the guard let nothing through. */
export type KeyedWork = () => Promise<KeyedAnswer | undefined>;

/** The Idempotency-Key of a request; refused when there is none, or one that is too long to be kept. */
export function readKey(given: string | string[] | undefined): string {
  const key = typeof given === 'string' ? given.trim() : '';
  if (key === '') throw new ServiceError('IDEMPOTENCY_KEY_REQUIRED', 'this wants an Idempotency-Key');
  if (key.length > longestKey) {
    const message = `an Idempotency-Key has ${longestKey} characters at most`;
    throw new ServiceError('IDEMPOTENCY_KEY_TOO_LONG', message);
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
  work: KeyedWork,
): Promise<KeyedAnswer & { replayed: boolean }> {
  try {
    const answer = await work();
    if (answer) return { ...answer, replayed: false };
  } catch (thrown) {
    const refusal = refusalToKeep(thrown);
    if (!refusal || (await keep(deps, request, refusal))) throw thrown;
  }
  const kept = await findKept(deps, request);
  if (kept === 'expired') return answerKeyed(deps, request, work);
  deps.metrics.replayed(request.route);
  return { ...kept, replayed: true };
}

function refusalToKeep(thrown: unknown): KeyedAnswer | undefined {
  const error = thrown instanceof ServiceError ? thrown : translatePayoutError(thrown);
  if (!error || error.statusCode >= 500 || error.statusCode === 429) return undefined;
  return { status: error.statusCode, body: detailOf(error) };
}

/** False when the key is somebody's. A user that there is not is refused without a key: there is nobody to have it. */
async function keep({ db }: KeyedDeps, request: KeyedRequest, refusal: KeyedAnswer): Promise<boolean> {
  const { cte, values } = guardOf(request, refusal);
  return db.query(`WITH ${cte} SELECT 1 FROM allowed`, [...values]).then(
    ({ rowCount }) => rowCount === 1,
    (error) => {
      if (brokenConstraint(error) !== 'idempotency_keys_user_id_fkey') throw error;
      return true;
    },
  );
}

interface Kept {
  route_key: string;
  request_hash: string;
  status_code: number;
  response_json: object;
  expired: boolean;
}

async function findKept(
  { db, log, metrics, retentionHours }: KeyedDeps,
  { userId, key, route, body }: KeyedRequest,
): Promise<KeyedAnswer | 'expired'> {
  const age = 'created_at < now() - make_interval(hours => $3)';
  const where = 'WHERE user_id = $1 AND idempotency_key = $2';
  const { rows } = await db.query<Kept>(
    `SELECT route_key, request_hash, status_code, response_json, ${age} AS expired
     FROM app.idempotency_keys ${where}`,
    [userId, key, retentionHours],
  );
  const [kept] = rows;
  if (!kept) {
    const message = 'a request with this key is under way';
    throw new ServiceError('IDEMPOTENCY_IN_PROGRESS', message, { retryAfterSeconds: 1 });
  }
  if (kept.expired) {
    await db.query(`DELETE FROM app.idempotency_keys ${where} AND ${age}`, [userId, key, retentionHours]);
    return 'expired';
  }
  if (kept.route_key !== route || kept.request_hash !== hashRequest(body)) {
    metrics.conflicted(route);
    const event = 'payouts.idempotency_conflict';
    log.info({ event, route, used_for: kept.route_key, user_id: userId }, event);
    throw new ServiceError('IDEMPOTENCY_CONFLICT', 'the key was used before for another request');
  }
  return { status: kept.status_code, body: kept.response_json };
}
