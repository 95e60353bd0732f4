import { createHash } from 'node:crypto';

/**
 * The first part of a statement that moves money: `allowed` has one row, or none and then nothing of the statement
 * happens. Its values are the first of the statement.
 */
export interface Guard {
  name: string;
  cte: string;
  values: readonly unknown[];
}

/** For money that no client asks for twice. */
export const unguarded: Guard = { name: 'unguarded', cte: 'allowed AS (SELECT 1)', values: [] };

/** What a part of the statement before the guard has to say to it. */
export interface Finding {
  name: string;
  /** Of that part, where it stands in the statement as `FROM …`. */
  from: string;
  /** Without it nothing is let through; `$1` is the user. */
  condition: string;
  /** An object whose fields come to the answer that is kept. */
  answer: string;
}

export interface GuardedRequest {
  userId: string;
  key: string;
  route: string;
  body: unknown;
}

/**
 * Keeps the answer under the key, and lets the rest happen only with it. A key that is kept already lets nothing
 * through, nor one whose request is under way: that one holds the lock until it is committed. Rows are met as they are
 * now, not as they were when the statement began, so having the lock too late does no harm.
 */
export function guardOf(
  request: GuardedRequest,
  answer: { status: number; body: object },
  finding?: Finding,
): Guard {
  const { userId, key, route, body } = request;
  const { name, from, condition } = finding ?? { name: 'keyed', from: '', condition: 'true' };
  // In the order of the first answer, which jsonb does not keep: given once more it is the same to the byte.
  const kept = finding
    ? `(left($5::text, -1) || ',' || substr(${finding.answer}::text, 2))::json`
    : '$5::json';
  return {
    name,
    cte: `allowed AS (
       INSERT INTO app.idempotency_keys
         (user_id, idempotency_key, route_key, request_hash, response_json, status_code)
       SELECT $1::uuid, $2::text, $3, $4, ${kept}, $6::integer ${from}
       WHERE ${condition} AND pg_try_advisory_xact_lock(hashtextextended($1::text || $2, 20))
       ON CONFLICT DO NOTHING RETURNING 1
     )`,
    values: [userId, key, route, hashRequest(body), JSON.stringify(answer.body), answer.status],
  };
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
