import {
  MonoAuthError,
  MonoError,
  type MonoErrorDetails,
  MonoNetworkError,
  MonoNotFoundError,
  MonoRateLimitError,
  MonoRequestError,
  MonoResponseError,
  MonoTimeoutError,
  MonoUpstreamError,
} from './errors.ts';
import { retryAfterMs } from './retry.ts';
import { isObject } from './wire.ts';

export interface Call {
  /** The path with `{id}` in place of ids: what errors and metrics name. */
  template: string;
  path: string;
  method: 'GET' | 'POST';
  query?: Record<string, string>;
  body?: Record<string, unknown>;
  signal?: AbortSignal | undefined;
}

export interface ExchangeSettings {
  baseUrl: string;
  appId: string;
  timeoutMs: number;
  maxBodyBytes: number;
  fetch: typeof globalThis.fetch;
  now(): Date;
}

export interface Answer {
  envelope: Record<string, unknown>;
  raw: string;
}

/** One request and its whole answer within one deadline, or a MonoError that says which of the ways it went wrong. */
export async function exchange(call: Call, token: string, settings: ExchangeSettings): Promise<Answer> {
  const deadline = AbortSignal.timeout(settings.timeoutMs);
  const signal = call.signal ? AbortSignal.any([call.signal, deadline]) : deadline;
  try {
    const response = await settings.fetch(urlOf(call, settings), {
      method: call.method,
      headers: headersOf(call, token, settings),
      // The key goes to the configured host only, wherever a redirect may point.
      redirect: 'manual',
      signal,
      ...(call.body && { body: JSON.stringify(call.body) }),
    });
    const body = await readBody(response, settings.maxBodyBytes);
    if (!response.ok) throw refusal(call, response, body, settings.now());
    return parse(call, response, body);
  } catch (thrown) {
    if (thrown instanceof MonoError) throw thrown;
    if (call.signal?.aborted) throw call.signal.reason;
    if (deadline.aborted) {
      throw new MonoTimeoutError('TIMED_OUT', `${label(call)}: no full answer in ${settings.timeoutMs} ms`);
    }
    throw new MonoNetworkError('NETWORK', `${label(call)}: ${networkCode(thrown)}`);
  }
}

function urlOf(call: Call, settings: ExchangeSettings): string {
  const query = new URLSearchParams(call.query).toString();
  return `${settings.baseUrl.replace(/\/+$/, '')}${call.path}${query && `?${query}`}`;
}

function headersOf(call: Call, token: string, settings: ExchangeSettings): Record<string, string> {
  return {
    accept: 'application/json',
    'mono-sec-key': token,
    ...(settings.appId && { 'x-mono-app': settings.appId }),
    ...(call.body && { 'content-type': 'application/json' }),
  };
}

async function readBody(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream: the rest is never read.
    if (bytes > maxBytes)
      throw new MonoResponseError('BODY_TOO_LARGE', `an answer exceeds ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function refusal(call: Call, response: Response, body: Buffer, now: Date): MonoError {
  const { status } = response;
  const details: MonoErrorDetails = { status };
  const wait = retryAfterMs(response.headers.get('retry-after'), now);
  if (wait !== undefined) details.retryAfterMs = wait;
  const what = `${label(call)} answered ${status}`;
  if (status === 429) return new MonoRateLimitError('RATE_LIMITED', what, details);
  if (status >= 500) return new MonoUpstreamError('UPSTREAM', what, details);
  if (status === 401) return new MonoAuthError('UNAUTHORISED', what, details);
  if (status === 403) {
    const reauthorise = providerCode(body) === 'REAUTHORISATION_REQUIRED';
    return new MonoAuthError(reauthorise ? 'REAUTHORISATION_REQUIRED' : 'FORBIDDEN', what, details);
  }
  if (status === 404) return new MonoNotFoundError('NOT_FOUND', what, details);
  if (status < 400) return new MonoResponseError('REDIRECT', `${what}: redirects are not followed`, details);
  return new MonoRequestError('REFUSED', what, details);
}

/** The `code` of an error body. Its `message` is never repeated: it may quote what was sent. */
function providerCode(body: Buffer): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    return isObject(parsed) && typeof parsed.code === 'string' ? parsed.code : undefined;
  } catch {
    return undefined;
  }
}

function parse(call: Call, response: Response, body: Buffer): Answer {
  const type = response.headers.get('content-type') ?? '';
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new MonoResponseError('NOT_JSON', `${label(call)}: the answer is not JSON by its content type`);
  }
  const raw = body.toString();
  let envelope: unknown;
  try {
    envelope = JSON.parse(raw);
  } catch {
    throw new MonoResponseError('MALFORMED_JSON', `${label(call)}: the answer is malformed JSON`);
  }
  if (!isObject(envelope)) throw new MonoResponseError('SHAPE', `${label(call)}: the answer is no object`);
  if (envelope.status === 'failed') {
    throw new MonoResponseError('REFUSED', `${label(call)}: an answer 200 says \`failed\``);
  }
  return { envelope, raw };
}

function label(call: Call): string {
  return `Mono ${call.method} ${call.template}`;
}

/** The code (`ECONNREFUSED`) only: messages of the HTTP library may hold the URL. */
function networkCode(thrown: unknown): string {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const code = (error as NodeJS.ErrnoException).code;
    if (typeof code === 'string' && /^[A-Z0-9_]{2,40}$/.test(code)) return code;
  }
  return 'the connection failed';
}
