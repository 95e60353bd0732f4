import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';

export interface DeadLetter {
  id: string;
  topic: string;
  operation: string;
  subject_id: string;
  payload: Record<string, unknown>;
  /** The class of the exception. */
  reason: string;
  correlation_id: string;
  attempts: number;
  state: 'open' | 'retried' | 'cleared';
  created_at: string;
  updated_at: string;
}

export interface NewDeadLetter {
  topic: string;
  operation: string;
  subjectId: string;
  payload: Record<string, unknown>;
  reason: string;
  correlationId: string;
}

const columns = `id, topic, operation, subject_id, payload, reason, correlation_id, attempts, state,
  to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS created_at,
  to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS updated_at`;

export async function recordDeadLetter(db: Queryable, letter: NewDeadLetter): Promise<void> {
  await db.query(
    `INSERT INTO dead_letters (topic, operation, subject_id, payload, reason, correlation_id)
     VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (topic, subject_id) WHERE state = 'open'
     DO UPDATE SET attempts = dead_letters.attempts + 1, reason = excluded.reason, payload = excluded.payload,
       correlation_id = excluded.correlation_id, updated_at = now()`,
    [letter.topic, letter.operation, letter.subjectId, letter.payload, letter.reason, letter.correlationId],
  );
}

export interface LetterFilter {
  /** A topic, or the beginning of one followed by `*`. */
  topic: string;
  state: DeadLetter['state'] | 'all';
}

/** `*` only at the end; everything else is taken literally. */
function topicCondition(topic: string): { sql: string; value: string } {
  if (!topic.endsWith('*')) return { sql: 'topic = $1', value: topic };
  return { sql: 'starts_with(topic, $1)', value: topic.slice(0, -1) };
}

export async function listDeadLetters(db: Queryable, filter: LetterFilter): Promise<DeadLetter[]> {
  const condition = topicCondition(filter.topic);
  const { rows } = await db.query<DeadLetter>(
    `SELECT ${columns} FROM dead_letters WHERE ${condition.sql} AND ($2 = 'all' OR state = $2)
     ORDER BY updated_at DESC LIMIT 500`,
    [condition.value, filter.state],
  );
  return rows;
}

export async function getDeadLetter(db: Queryable, id: string): Promise<DeadLetter> {
  const { rows } = await db.query<DeadLetter>(`SELECT ${columns} FROM dead_letters WHERE id = $1`, [id]);
  if (!rows[0]) throw new ServiceError('NOT_FOUND', 'no such dead letter');
  return rows[0];
}

/** The job that tries again and the new state of the letter are one transaction. */
export function retryDeadLetter(
  db: Database,
  id: string,
  actor: string,
  enqueue: (letter: DeadLetter, tx: Queryable) => Promise<string | null>,
): Promise<{ letter: DeadLetter; jobId: string | null }> {
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<DeadLetter>(
      `UPDATE dead_letters SET state = 'retried', settled_by = $2, updated_at = now()
       WHERE id = $1 AND state = 'open' RETURNING ${columns}`,
      [id, actor],
    );
    const letter = rows[0];
    if (!letter) {
      const found = await getDeadLetter(tx, id);
      throw new ServiceError('CONFLICT', `the dead letter is already ${found.state}`);
    }
    return { letter, jobId: await enqueue(letter, tx) };
  });
}

export async function clearDeadLetters(db: Queryable, topic: string, actor: string): Promise<number> {
  const condition = topicCondition(topic);
  const { rowCount } = await db.query(
    `UPDATE dead_letters SET state = 'cleared', settled_by = $2, updated_at = now()
     WHERE ${condition.sql} AND state = 'open'`,
    [condition.value, actor],
  );
  return rowCount ?? 0;
}
