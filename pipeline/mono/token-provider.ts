import { readFile } from 'node:fs/promises';
import { MonoAuthError } from './client/errors.ts';
import type { SecretSource, TokenProvider } from './types.ts';

const longestAgeMs = 60 * 60_000;

export interface TokenProviderOptions {
  load: SecretSource;
  /** Asked instead of `load` after a token was refused; `load` is read again when there is none. */
  refresh?: () => Promise<string>;
  /** At most 60 minutes, which is the default. */
  maxAgeMs?: number;
  clock?: { monotonic(): number };
}

interface Held {
  token: string;
  since: number;
  expiry: NodeJS.Timeout;
}

/** Keeps the Mono key in memory only, for an hour at most; simultaneous askers share one reading of the source. */
export function createTokenProvider(options: TokenProviderOptions): TokenProvider {
  const { load, refresh, maxAgeMs = longestAgeMs, clock = { monotonic: () => performance.now() } } = options;
  if (!(maxAgeMs > 0 && maxAgeMs <= longestAgeMs)) {
    throw new RangeError('a token is kept for more than 0 and at most 60 minutes');
  }
  let held: Held | undefined;
  let refused = false;
  let flight: Promise<string> | undefined;

  const forget = () => {
    clearTimeout(held?.expiry);
    held = undefined;
  };
  const current = () => {
    if (held && clock.monotonic() - held.since >= maxAgeMs) forget();
    return held;
  };
  const fetchToken = async () => {
    const token = usable(await readSource(refused ? refresh : undefined, load), load);
    refused = false;
    forget();
    // The timer erases a token that nobody asks for any more.
    held = { token, since: clock.monotonic(), expiry: setTimeout(forget, maxAgeMs).unref() };
    return token;
  };
  return {
    async token(signal) {
      signal?.throwIfAborted();
      const kept = current();
      if (kept) return kept.token;
      flight ??= fetchToken().finally(() => {
        flight = undefined;
      });
      return untilAborted(flight, signal);
    },
    invalidate(stale) {
      // A late 401 about an older token must not cost the new one.
      if (!held || (stale !== undefined && stale !== held.token)) return;
      forget();
      refused = true;
    },
    ageSeconds: () => {
      const kept = current();
      return kept ? (clock.monotonic() - kept.since) / 1000 : 0;
    },
    describe: () => load.describe(),
  };
}

async function readSource(refresh: TokenProviderOptions['refresh'], load: SecretSource): Promise<string> {
  try {
    return await (refresh ? refresh() : load.read());
  } catch {
    // What a secret store throws may quote the secret or its address: only the place is named.
    throw new MonoAuthError('NO_TOKEN', `no Mono key: ${load.describe()} could not be read`);
  }
}

function usable(value: string, load: SecretSource): string {
  const token = value.trim();
  // Anything else could not be a header value either, and the error of the HTTP library would quote it.
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new MonoAuthError('NO_TOKEN', `no Mono key: ${load.describe()} is empty or holds no key`);
}

/** One asker's abort ends that asker's wait, not the reading that others share. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Reads the variable each time, so that a value put there later is seen. */
export function envSecret(name: string, env: Readonly<Record<string, string | undefined>>): SecretSource {
  return { describe: () => `env ${name}`, read: async () => env[name] ?? '' };
}

/** A file that a secret manager mounts; a rotation replaces its content. */
export function fileSecret(path: string): SecretSource {
  return { describe: () => `file ${path}`, read: (signal) => readFile(path, { encoding: 'utf8', signal }) };
}

/** Anything else: a vault, a metadata service. `name` is shown to operators. */
export function callbackSecret(name: string, read: (signal?: AbortSignal) => Promise<string>): SecretSource {
  return { describe: () => name, read };
}
