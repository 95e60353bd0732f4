import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Database, Queryable } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';
import type { JobQueue } from '#pipeline/runtime/queue.ts';
import { rawBodyOf, takeRawBody } from '#pipeline/runtime/raw-body.ts';
import { findByMonoId } from './accounts.ts';
import { WebhookAnswer, WebhookTestAnswer } from './answers.ts';
import { enqueueSync } from './jobs.ts';
import type { WebhookMetrics } from './metrics.ts';
import { verifySharedSecret, verifySignature, type WebhookSecrets } from './signature.ts';
import { readNews, type WebhookNews } from './webhook-news.ts';

export interface WebhookDeps {
  db: Database;
  queue: JobQueue;
  log: Logger;
  metrics: WebhookMetrics;
  verify: boolean;
  mode: 'hmac-sha512' | 'shared-secret' | 'either';
  secrets: WebhookSecrets | undefined;
  defaultPageLimit: number;
}

const path = '/api/v1/webhooks/mono/integrations/mono/webhook';
const config = { auth: 'public' } as const;
const tags = ['webhooks'];
const maxSkewMs = 5 * 60_000;
/** Mono tries again for two days; what claims to be older than this is a replay. */
const maxAgeMs = 7 * 86_400_000;
const rememberIds = '30 days';
const rememberHashes = '5 minutes';

export type WebhookStatus = 'processed' | 'ignored' | 'duplicate';

export async function registerWebhook(parent: FastifyInstance, deps: WebhookDeps): Promise<void> {
  if (!deps.verify) {
    deps.log.warn(
      { event: 'webhook.verification_off' },
      'MONO_VERIFY_WEBHOOKS=false: ANYONE can make this service believe a webhook; never do this in production',
    );
  }
  await parent.register(async (app) => {
    takeRawBody(app, 1_048_576);
    app.get(`${path}/test`, { config, schema: { tags, response: { 200: WebhookTestAnswer } } }, async () => ({
      success: true as const,
      status: 'healthy' as const,
      timestamp: new Date().toISOString(),
    }));
    app.post(path, { config, schema: { tags, response: { 200: WebhookAnswer } } }, async (request) => {
      const body = rawBodyOf(request);
      authenticate(request, body, deps);
      const news = readNews(body);
      const outcome = await receive(deps, news, body);
      deps.metrics.event(outcome.status);
      deps.log.info({ event: 'webhook.received', webhook: news.event, ...outcome }, 'webhook.received');
      return {
        success: true,
        action: 'webhook_processed_successfully',
        timestamp: new Date().toISOString(),
        data: { event_type: news.event, ...outcome },
      };
    });
  });
}

function authenticate(request: FastifyRequest, body: Buffer, deps: WebhookDeps): void {
  if (!deps.verify) return;
  const header = (name: string) => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  const { mode, secrets } = deps;
  const isValid =
    secrets !== undefined &&
    ((mode !== 'shared-secret' &&
      verifySignature(header('x-mono-signature') ?? header('mono-webhook-signature'), body, secrets)) ||
      (mode !== 'hmac-sha512' && verifySharedSecret(header('mono-webhook-secret'), secrets)));
  if (!isValid || isSkewed(header('x-mono-timestamp'))) {
    deps.metrics.event('refused');
    throw new ServiceError('INVALID_SIGNATURE', 'Invalid webhook signature');
  }
}

/** Seconds or milliseconds since the epoch, or RFC 3339; the header is optional, but not if it is wrong. */
function isSkewed(header: string | undefined): boolean {
  if (header === undefined) return false;
  const numeric = Number(header);
  const at = Number.isNaN(numeric) ? Date.parse(header) : numeric < 1e11 ? numeric * 1000 : numeric;
  return !(Math.abs(Date.now() - at) <= maxSkewMs);
}

interface Received {
  status: WebhookStatus;
  account_id: string | null;
}

/** Remembering an event and queueing its sync are one transaction: a retry after a crash is no duplicate. */
function receive(deps: WebhookDeps, news: WebhookNews, body: Buffer): Promise<Received> {
  const isStale = news.timestamp !== null && Date.now() - news.timestamp > maxAgeMs;
  return deps.db.transaction(async (tx) => {
    if (isStale) return { status: 'ignored', account_id: null };
    if (!(await remember(tx, news, body))) return { status: 'duplicate', account_id: null };
    const accounts = news.monoAccountId === null ? [] : await findByMonoId(tx, news.monoAccountId);
    const account_id = accounts[0]?.id ?? null;
    if (news.effect === 'none' || account_id === null) return { status: 'ignored', account_id };
    for (const account of accounts) {
      if (news.effect === 'unlink') await unlink(tx, account.id);
      else if (account.status === 'active') {
        await enqueueSync(
          deps.queue,
          {
            accountId: account.id,
            window: { mode: 'incremental' },
            pageLimit: deps.defaultPageLimit,
            trigger: 'webhook',
          },
          { tx },
        );
      }
    }
    return { status: 'processed', account_id };
  });
}

/** By its id for a month; a body without one by its hash, and only briefly: equal news may come again later. */
async function remember(tx: Queryable, news: WebhookNews, body: Buffer): Promise<boolean> {
  const key =
    news.eventId === null
      ? `sha256:${createHash('sha256').update(body).digest('hex')}`
      : `id:${news.eventId}`;
  const { rowCount } = await tx.query(
    `INSERT INTO mono_webhook_events (dedupe_key, event, expires_at) VALUES ($1, $2, now() + $3::interval)
     ON CONFLICT (dedupe_key) DO UPDATE SET received_at = now(), expires_at = excluded.expires_at
     WHERE mono_webhook_events.expires_at < now()`,
    [key, news.event, news.eventId === null ? rememberHashes : rememberIds],
  );
  return rowCount === 1;
}

async function unlink(tx: Queryable, accountId: string): Promise<void> {
  await tx.query("UPDATE bank_accounts SET status = 'unlinked', updated_at = now() WHERE id = $1", [
    accountId,
  ]);
}
