import { createClient } from '@redis/client';
import { classOf, ServiceError } from './errors.ts';
import type { Logger } from './logging.ts';
import type { TurnStore } from './rate-limiter.ts';

/** Longer than a restart of Redis, shorter than the patience of a caller. */
const defaultPatienceMs = 5000;

/**
 * A list of the moments at which the last `perMinute` turns were given, by the clock of Redis. A turn is given when
 * the oldest of them lies more than 60 s back. Whole milliseconds, so that no number loses digits on its way. Where the
 * clock was set back, turns of times to come were given just now at the latest.
 */
const script = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local newest = redis.call('LINDEX', KEYS[1], -1)
if newest and tonumber(newest) > now then
  for at, turn in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
    if tonumber(turn) > now then redis.call('LSET', KEYS[1], at - 1, string.format('%.0f', now)) end
  end
  redis.call('PEXPIRE', KEYS[1], 61000)
end
local oldest = redis.call('LINDEX', KEYS[1], -tonumber(ARGV[1]))
if oldest and tonumber(oldest) + 60000 >= now then return tonumber(oldest) + 60001 - now end
redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[1]), -1)
redis.call('PEXPIRE', KEYS[1], 61000)
return 0`;

export interface RedisTurnsOptions {
  url: string;
  log: Logger;
  patienceMs?: number;
}

/** Connects by itself, at the start and after each loss; meanwhile callers wait, but not for ever. */
export function createRedisTurns({ url, log, patienceMs = defaultPatienceMs }: RedisTurnsOptions): TurnStore {
  const client = connect(url, log);
  return {
    name: 'redis',
    async ask(key, perMinute, signal) {
      signal?.throwIfAborted();
      const patience = new AbortController();
      const timer = setTimeout(() => patience.abort(), patienceMs);
      const ended = AbortSignal.any([patience.signal, ...(signal ? [signal] : [])]);
      const given = client
        .withAbortSignal(ended)
        .eval(script, { keys: [`rate:${key}`], arguments: [String(perMinute)] });
      try {
        return readWait(await Promise.race([given, rejectionOf(ended)]));
      } catch (error) {
        signal?.throwIfAborted();
        throw new ServiceError('BUSY', 'the store of the rate limit could not be asked', { cause: error });
      } finally {
        clearTimeout(timer);
        // The end of the race may come first; then nobody else is told.
        given.catch(() => {});
      }
    },
    close() {
      if (client.isOpen) client.destroy();
    },
  };
}

function readWait(reply: unknown): number {
  if (typeof reply === 'number' && reply >= 0) return reply;
  throw new Error('the answer of Redis is no number of milliseconds');
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function connect(url: string, log: Logger) {
  const client = open(url);
  let said = '';
  const say = (event: string, reason: object) => {
    if (event === said) return;
    said = event;
    log[event === 'redis.lost' ? 'warn' : 'info']({ event, ...reason }, event);
  };
  // Its message may hold the address, and more.
  client.on('error', (error) => say('redis.lost', { reason: classOf(error), code: codeOf(error) }));
  client.on('ready', () => say('redis.connected', {}));
  client.connect().catch(() => {});
  return client;
}

function open(url: string) {
  try {
    return createClient({
      url,
      socket: { connectTimeout: 2000, reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, 1000) },
      commandsQueueMaxLength: 10_000,
      clientInfoTag: 'countersign',
      maintNotifications: 'disabled',
    });
  } catch {
    throw new ServiceError('CONFIG_INVALID', 'bad configuration: REDIS_URL is not an address of a Redis');
  }
}

/** `ECONNREFUSED`, or the word that begins an answer of Redis, such as WRONGPASS. */
function codeOf(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return /^[A-Z_]{3,40}/.exec(String(code ?? message ?? ''))?.[0];
}
