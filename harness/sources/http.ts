import type { Clock } from '../checks/define.ts';
import { parseExactly } from '../checks/json.ts';
import { timerMs } from '../config/duration.ts';
import { unescaped } from '../config/percent.ts';
import { CountersignError, messageOf } from '../errors.ts';
import type { HttpAnswer, HttpRequest, HttpSource } from './define.ts';

export interface HttpSettings {
  name: string;
  url: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  clock: Clock;
}

const defaultTimeoutMs = 10_000;
const defaultMaxBytes = 1024 * 1024;
const redirects = new Set([301, 302, 303, 307, 308]);

/** HTTP within one base URL: nothing in a checklist or an answer can make it ask another host. */
export function createHttp(settings: HttpSettings): HttpSource {
  const base = parseBase(settings);
  return {
    name: settings.name,
    url: base.url,
    request: (request) => exchange(settings, base, request),
  };
}

interface Base {
  url: string;
  origin: string;
  pathname: string;
  authorization: string | undefined;
}

function parseBase({ name, url }: HttpSettings): Base {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.search || parsed.hash) {
    throw new CountersignError('CONFIG_INVALID', `the URL of source \`${name}\` is not a plain http(s) URL`, {
      hint: 'it has no query and no fragment, and in its user and password `@ : / ? #` are percent-encoded',
    });
  }
  const user = unescaped(parsed.username);
  const word = unescaped(parsed.password);
  const pathname = parsed.pathname.replace(/\/+$/, '');
  return {
    url: parsed.origin + pathname,
    origin: parsed.origin,
    pathname,
    authorization: user ? `Basic ${Buffer.from(`${user}:${word}`).toString('base64')}` : undefined,
  };
}

/** Everything that belongs to one exchange, redirects included: one clock, one time-out, one limit. */
interface Exchange {
  source: string;
  base: Base;
  headers: Headers;
  signal: AbortSignal;
  maxBytes: number;
}

async function exchange(settings: HttpSettings, base: Base, request: HttpRequest): Promise<HttpAnswer> {
  const started = settings.clock.monotonic();
  const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
  const timeout = AbortSignal.timeout(timerMs(timeoutMs));
  const signals = [timeout, settings.signal, request.signal].filter((each) => each !== undefined);
  const run: Exchange = {
    source: settings.name,
    base,
    headers: headersFor(settings, base, request),
    signal: AbortSignal.any(signals),
    maxBytes: request.maxBytes ?? defaultMaxBytes,
  };
  const url = address(base, request);
  try {
    const { response, body } = await follow(run, url, request);
    return answerOf(settings.name, response, body, settings.clock.monotonic() - started);
  } catch (thrown) {
    throw asError(thrown, {
      run,
      timedOut: timeout.aborted,
      timeoutMs,
      what: `${request.method ?? 'GET'} ${url.pathname}`,
    });
  }
}

function address(base: Base, request: HttpRequest): URL {
  const refuse = (why: string) =>
    new CountersignError('CONFIG_INVALID', `the path \`${request.path}\` ${why}`, {
      hint: 'give a path below the base URL of the source, such as /health/ready',
    });
  if (!request.path.startsWith('/') || request.path.startsWith('//'))
    throw refuse('does not start with one slash');
  if (!URL.canParse(base.url + request.path)) throw refuse('is no part of a URL');
  const url = new URL(base.url + request.path);
  const inside =
    base.pathname === '' || url.pathname === base.pathname || url.pathname.startsWith(`${base.pathname}/`);
  if (url.origin !== base.origin || !inside) throw refuse('leaves the base URL of the source');
  for (const [key, value] of Object.entries(request.query ?? {})) url.searchParams.set(key, value);
  return url;
}

/** Built one by one: the platform's own error would quote the value, which may be a secret. */
function headersFor(settings: HttpSettings, base: Base, request: HttpRequest): Headers {
  const headers = new Headers();
  const given = { ...settings.headers, ...request.headers };
  for (const [name, value] of Object.entries(given)) {
    try {
      headers.set(name, value);
    } catch {
      throw new CountersignError(
        'CONFIG_INVALID',
        `the header \`${name}\` has a name or value that HTTP does not allow`,
      );
    }
  }
  if (base.authorization && !headers.has('authorization')) headers.set('authorization', base.authorization);
  return headers;
}

async function follow(run: Exchange, first: URL, request: HttpRequest) {
  let url = first;
  let method = (request.method ?? 'GET').toUpperCase();
  let content = request.body;
  for (let left = request.follow ?? 0; ; left -= 1) {
    const response = await fetch(url, {
      method,
      headers: run.headers,
      body: content === undefined ? null : Buffer.from(content),
      redirect: 'manual',
      signal: run.signal,
    });
    const location = response.headers.get('location');
    if (left <= 0 || !redirects.has(response.status) || location === null) {
      return { response, body: await readBounded(run, response) };
    }
    await response.body?.cancel();
    url = redirected(run, url, location);
    const keepsMethod = response.status >= 307 || method === 'GET' || method === 'HEAD';
    if (!keepsMethod) {
      method = 'GET';
      content = undefined;
      run.headers.delete('content-type');
    }
  }
}

function redirected(run: Exchange, from: URL, location: string): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (next?.origin === run.base.origin) return next;
  throw new CountersignError(
    'SOURCE_ANSWER',
    `source \`${run.source}\` redirects to another origin${next ? ` (${next.origin})` : ''}, which is not followed`,
  );
}

async function readBounded(run: Exchange, response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > run.maxBytes) {
      throw new CountersignError(
        'EVIDENCE_TOO_LARGE',
        `the answer of source \`${run.source}\` is larger than ${run.maxBytes} bytes`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answerOf(source: string, response: Response, body: Uint8Array, durationMs: number): HttpAnswer {
  const text = () => new TextDecoder().decode(body);
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body,
    text,
    json() {
      try {
        return parseExactly(text());
      } catch {
        throw new CountersignError('SOURCE_ANSWER', `the answer of source \`${source}\` is not JSON`);
      }
    },
    durationMs,
  };
}

const plainCauses: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name could not be looked up',
  ETIMEDOUT: 'no connection in time',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  CERT_HAS_EXPIRED: 'its TLS certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its TLS certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its TLS certificate chain is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its TLS certificate cannot be verified',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its TLS certificate cannot be verified',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another host',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS there',
};

const trustHint = 'where it is your own authority, let NODE_EXTRA_CA_CERTS name the file of its certificate';
const unknownIssuer = /SELF_SIGNED|UNABLE_TO_/;

interface Failure {
  run: Exchange;
  what: string;
  timedOut: boolean;
  timeoutMs: number;
}

function asError(thrown: unknown, { run, what, timedOut, timeoutMs }: Failure): CountersignError {
  if (thrown instanceof CountersignError) return thrown;
  const place = `${what} at ${run.base.origin} (source \`${run.source}\`)`;
  if (timedOut)
    return new CountersignError('SOURCE_UNREACHABLE', `${place}: no whole answer within ${timeoutMs} ms`);
  if (run.signal.aborted)
    return new CountersignError('TIMED_OUT', `${place}: stopped before the answer was whole`);
  const code = codeOf(thrown);
  const cause = (code && plainCauses[code]) ?? messageOf(thrown);
  return new CountersignError(
    'SOURCE_UNREACHABLE',
    `${place}: ${cause}`,
    code && unknownIssuer.test(code) ? { hint: trustHint } : {},
  );
}

function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const inner = thrown.cause instanceof AggregateError ? thrown.cause.errors[0] : thrown.cause;
  return (thrown as NodeJS.ErrnoException).code ?? codeOf(inner);
}
