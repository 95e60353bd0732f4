import { parseExactly } from '../../checks/json.ts';
import { CountersignError, messageOf } from '../../errors.ts';
import type { Surroundings } from './define.ts';

/** An HTTP API of a service. */
export interface Api extends Surroundings {
  title: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  /** Taken out of whatever is said about an answer. */
  secrets: readonly string[];
  /** Named in the hint when the service refuses them. */
  credentials: readonly string[];
}

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  query?: Readonly<Record<string, string>>;
  body?: unknown;
  /**
   * May it be sent again when nobody knows whether it was carried out? A limit on requests is always waited for: the
   * service has said that it did nothing.
   */
  repeatable: boolean;
}

const tries = 6;
const timeoutMs = 30_000;
const longestWaitMs = 60_000;
const largestAnswer = 32 * 1024 * 1024;

/** Nobody knows whether the service carried it out. */
export class Uncertain extends CountersignError {}

/** The JSON that the service answers; undefined for an empty answer and, with DELETE, for what is already gone. */
export async function exchange(api: Api, call: Call): Promise<unknown> {
  for (let tried = 1; ; tried += 1) {
    api.signal.throwIfAborted();
    const answer = await send(api, call).catch((thrown: unknown) => {
      api.signal.throwIfAborted();
      return { broken: messageOf(thrown) };
    });
    const wait = waitAfter(answer, call, tried);
    if (wait === undefined) return understood(api, call, answer);
    await api.pause(wait);
  }
}

type Answer = { status: number; headers: Headers; text: string };
type Outcome = Answer | { broken: string };

async function send(api: Api, { method, path, query = {}, body }: Call): Promise<Answer> {
  const url = new URL(api.url + path);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const response = await fetch(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...api.headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    redirect: 'manual',
    signal: AbortSignal.any([api.signal, AbortSignal.timeout(timeoutMs)]),
  });
  return { status: response.status, headers: response.headers, text: await readBounded(response) };
}

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > largestAnswer) throw new Error('the answer is larger than 32 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Milliseconds until the next try; undefined when there is none. */
function waitAfter(outcome: Outcome, { repeatable }: Call, tried: number): number | undefined {
  if (tried >= tries) return undefined;
  const backOff = 500 * 2 ** (tried - 1);
  if ('broken' in outcome) return repeatable ? backOff : undefined;
  const { status, headers } = outcome;
  if (status === 429) return Math.min(asked(headers) ?? backOff, longestWaitMs);
  if (status >= 500) return repeatable ? Math.min(asked(headers) ?? backOff, longestWaitMs) : undefined;
  return undefined;
}

/** `Retry-After` in seconds or as a date, else `X-RateLimit-Reset` in seconds from now. */
function asked(headers: Headers): number | undefined {
  const after = headers.get('retry-after') ?? headers.get('x-ratelimit-reset');
  if (after === null) return undefined;
  if (/^[0-9]{1,6}$/.test(after)) return Number(after) * 1000;
  const date = Date.parse(after);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

function understood(api: Api, call: Call, outcome: Outcome): unknown {
  const what = `${call.method} ${call.path}`;
  if ('broken' in outcome) {
    const message = `${api.title} could not be asked (${what}): ${clean(api, outcome.broken)}`;
    const hint = 'is there a way from here to the service?';
    throw new (call.repeatable ? CountersignError : Uncertain)('SOURCE_UNREACHABLE', message, { hint });
  }
  const { status, text } = outcome;
  if (call.method === 'DELETE' && status === 404) return undefined;
  if (status >= 200 && status < 300) {
    if (text.trim() === '') return undefined;
    return parsed(api, what, text);
  }
  throw refusal(api, what, { status, text, uncertain: status >= 500 && !call.repeatable });
}

function parsed(api: Api, what: string, text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    throw new CountersignError(
      'SOURCE_ANSWER',
      `${api.title} answered ${what} with something that is not JSON`,
    );
  }
}

function refusal(
  api: Api,
  what: string,
  { status, text, uncertain }: { status: number; text: string; uncertain: boolean },
): CountersignError {
  const message = `${api.title} answered ${status} to ${what}: ${clean(api, text) || 'nothing more'}`;
  if (status === 401 || status === 403) {
    return new CountersignError('SOURCE_ANSWER', message, {
      hint: `are ${api.credentials.join(' and ')} those of this account, and allowed to do this?`,
    });
  }
  const hint = status >= 500 || status === 429 ? 'the service is in trouble; run it again later' : undefined;
  return new (uncertain ? Uncertain : CountersignError)('SOURCE_ANSWER', message, hint ? { hint } : {});
}

/** One line of what was said, without the credentials. */
function clean({ secrets }: Api, text: string): string {
  const known = secrets.reduce((out, secret) => out.replaceAll(secret, '[redacted]'), text);
  return known.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
}
