import { MonoError, MonoRequestError } from './client/errors.ts';
import { type Answer, type Call, type ExchangeSettings, exchange } from './client/exchange.ts';
import { walkPages } from './client/paging.ts';
import { isStaleToken, retryDelayMs } from './client/retry.ts';
import { realTiming, type Timing } from './client/timing.ts';
import {
  linkBody,
  pathSegment,
  readAccount,
  readExchangedId,
  readLink,
  readSheet,
  wireDate,
} from './client/wire.ts';
import type { ClientMetrics, FetchWindow, MonoClient, RateLimiter, TokenProvider } from './types.ts';

export * from './client/errors.ts';
export { createMemoryRateLimiter } from './client/rate-limiter.ts';

export interface MonoClientOptions {
  baseUrl: string;
  token: TokenProvider;
  appId: string;
  rateLimiter: RateLimiter;
  metrics?: ClientMetrics;
  /** Pages of one window at most; more is an error, never a silent cut. */
  maxPages: number;
  maxBodyBytes: number;
  /** For one request, its whole body included. */
  timeoutMs: number;
  /** Repetitions of one request after the first attempt. */
  retries: number;
  backoffFactor: () => number;
  fetch?: typeof globalThis.fetch;
  timing?: Timing;
}

/** A client of Mono's v2 API. Every failure is a MonoError; only the caller's own abort reason passes through. */
export function createMonoClient(options: MonoClientOptions): MonoClient {
  const send = createSender(options);
  return {
    pages: (window) => fetchPages(window, send, options.maxPages),
    async account(accountId, signal) {
      const path = `/v2/accounts/${pathSegment(accountId)}`;
      const { envelope } = await send({ template: '/v2/accounts/{id}', path, method: 'GET', signal });
      return readAccount(envelope);
    },
    async initiate(input, signal) {
      const { envelope } = await send({ ...post('/v2/accounts/initiate'), body: linkBody(input), signal });
      return readLink(envelope);
    },
    async exchangeCode(code, signal) {
      const { envelope } = await send({ ...post('/v2/accounts/auth'), body: { code }, signal });
      return readExchangedId(envelope);
    },
  };
}

function post(path: string) {
  return { template: path, path, method: 'POST' as const };
}

async function* fetchPages(window: FetchWindow, send: Send, maxPages: number) {
  const { accountId, start, end, limit, signal } = window;
  if (!Number.isInteger(limit) || limit < 1) {
    throw new MonoRequestError('BAD_INPUT', 'the page limit is a whole number of at least 1');
  }
  const path = `/v2/accounts/${pathSegment(accountId)}/transactions`;
  const span = { ...(start && { start: wireDate(start) }), ...(end && { end: wireDate(end) }) };
  yield* walkPages(async (page) => {
    const query = { ...span, paginate: 'true', limit: String(limit), page: String(page) };
    const template = '/v2/accounts/{id}/transactions';
    const { envelope, raw } = await send({ template, path, method: 'GET', query, signal });
    return readSheet(envelope, raw);
  }, maxPages);
}

type Send = (call: Call) => Promise<Answer>;

function createSender(options: MonoClientOptions): Send {
  const timing = options.timing ?? realTiming;
  const policy = { retries: options.retries, backoffFactor: options.backoffFactor, random: timing.random };
  const settings: ExchangeSettings = {
    ...options,
    // Looked up for each call: what replaces the global one later (a test, an instrumentation) is used as well.
    fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
    now: timing.now,
  };
  return async (call) => {
    let refreshed = false;
    for (let attempt = 1; ; ) {
      const waited = await options.rateLimiter.take(call.signal);
      options.metrics?.rateLimitWait(waited / 1000);
      const token = await options.token.token(call.signal);
      try {
        return await measured(call, timing, options.metrics, () => exchange(call, token, settings));
      } catch (thrown) {
        if (isStaleToken(thrown) && !refreshed) {
          refreshed = true;
          options.token.invalidate(token);
          continue;
        }
        const delay = retryDelayMs(thrown, call.method, attempt, policy);
        if (delay === undefined) throw thrown;
        attempt += 1;
        await timing.sleep(delay, call.signal);
      }
    }
  };
}

async function measured(
  call: Call,
  timing: Timing,
  metrics: ClientMetrics | undefined,
  run: () => Promise<Answer>,
): Promise<Answer> {
  const started = timing.monotonic();
  const report = (status: string) =>
    metrics?.request(call.template, call.method, status, (timing.monotonic() - started) / 1000);
  try {
    const answer = await run();
    report('200');
    return answer;
  } catch (thrown) {
    report(statusOf(thrown));
    throw thrown;
  }
}

function statusOf(thrown: unknown): string {
  if (!(thrown instanceof MonoError)) return 'aborted';
  if (thrown.status !== undefined) return String(thrown.status);
  if (thrown.code === 'TIMED_OUT') return 'timeout';
  return thrown.code === 'NETWORK' ? 'network' : '200';
}
