import type { FastifyInstance } from 'fastify';
import type { Database } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import type { JobQueue } from '#pipeline/runtime/queue.ts';
import { envelope } from '#pipeline/shared/envelope.ts';
import { ClearedAnswer, LetterAnswer, LettersAnswer, RetriedAnswer } from './answers.ts';
import {
  clearDeadLetters,
  type DeadLetter,
  getDeadLetter,
  listDeadLetters,
  retryDeadLetter,
} from './dead-letters.ts';
import { enqueueSync } from './jobs.ts';
import { ClearQuery, IdParams, LetterQuery } from './schemas.ts';
import type { SyncWindow } from './window.ts';

const base = '/api/v1/admin/dead-letters';
const config = { auth: 'ADMIN' } as const;
const security = [{ bearer: [] }];
const tags = ['dead letters'];

export interface DeadLetterDeps {
  db: Database;
  queue: JobQueue;
}

export function registerDeadLetterRoutes(plain: FastifyInstance, { db, queue }: DeadLetterDeps): void {
  const app = plain as TypedApp;
  app.get(
    base,
    { config, schema: { security, tags, querystring: LetterQuery, response: { 200: LettersAnswer } } },
    async (request) => {
      const { topic = 'mono.fetch.*', state = 'open' } = request.query;
      const letters = await listDeadLetters(db, { topic, state });
      return envelope('dead_letters_listed', { dead_letters: letters }, { count: letters.length });
    },
  );
  app.get(
    `${base}/:id`,
    { config, schema: { security, tags, params: IdParams, response: { 200: LetterAnswer } } },
    async (request) => envelope('dead_letter_read', await getDeadLetter(db, request.params.id)),
  );
  app.post(
    `${base}/:id/retry`,
    { config, schema: { security, tags, params: IdParams, response: { 200: RetriedAnswer } } },
    async (request) => {
      const { letter, jobId } = await retryDeadLetter(db, request.params.id, request.user.sub, (found, tx) =>
        enqueueSync(queue, jobOf(found), { tx }),
      );
      return envelope('dead_letter_retried', { ...letter, job_id: jobId });
    },
  );
  app.delete(
    base,
    { config, schema: { security, tags, querystring: ClearQuery, response: { 200: ClearedAnswer } } },
    async (request) => {
      const cleared = await clearDeadLetters(db, request.query.topic, request.user.sub);
      return envelope('dead_letters_cleared', { cleared, topic: request.query.topic });
    },
  );
}

/** The same account, window and page size as the run that failed. */
function jobOf({ payload }: DeadLetter) {
  const { account_id: accountId, window, page_limit: pageLimit } = payload;
  if (typeof accountId !== 'string' || typeof pageLimit !== 'number') {
    throw new ServiceError('CONFLICT', 'the dead letter does not say what to try again');
  }
  return { accountId, window: window as SyncWindow, pageLimit, trigger: 'retry' as const };
}
