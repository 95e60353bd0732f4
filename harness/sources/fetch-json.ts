import { CountersignError, messageOf } from '../errors.ts';

export interface JsonEndpoint {
  /** As it stands in messages: "Loki `logs`". */
  title: string;
  url: string;
  headers?: Record<string, string> | undefined;
  /** Milliseconds for one request. Default 30,000. */
  timeoutMs?: number | undefined;
}

const LARGEST_BODY = 64 * 1024 * 1024;

/** GET one JSON document below the endpoint's URL; redirects are refused, so that headers stay where they belong. */
export async function fetchJson(
  endpoint: JsonEndpoint,
  path: string,
  query: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<unknown> {
  const url = new URL(endpoint.url.replace(/\/$/, '') + path);
  for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
  const text = await exchange(endpoint, url, { method: 'GET' }, signal);
  try {
    return JSON.parse(text);
  } catch {
    throw new CountersignError('SOURCE_ANSWER', `${endpoint.title} answered with something that is not JSON`);
  }
}

/** POST one JSON document below the endpoint's URL; what is answered besides 200 is not looked at. */
export async function postJson(
  endpoint: JsonEndpoint,
  path: string,
  document: unknown,
  signal?: AbortSignal,
): Promise<void> {
  const url = new URL(endpoint.url.replace(/\/$/, '') + path);
  await exchange(endpoint, url, { method: 'POST', body: JSON.stringify(document) }, signal);
}

async function exchange(
  endpoint: JsonEndpoint,
  url: URL,
  request: { method: string; body?: string },
  signal: AbortSignal | undefined,
): Promise<string> {
  const timeout = AbortSignal.timeout(endpoint.timeoutMs ?? 30_000);
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      ...request,
      headers: {
        accept: 'application/json',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...endpoint.headers,
      },
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    status = response.status;
    text = await readBounded(endpoint, response);
  } catch (thrown) {
    signal?.throwIfAborted();
    if (thrown instanceof CountersignError) throw thrown;
    throw new CountersignError(
      'SOURCE_UNREACHABLE',
      `${endpoint.title} could not be asked: ${messageOf(thrown)}`,
    );
  }
  if (status !== 200) {
    throw new CountersignError(
      'SOURCE_ANSWER',
      `${endpoint.title} answered ${status}: ${text.trim().slice(0, 300) || 'nothing more'}`,
    );
  }
  return text;
}

async function readBounded(endpoint: JsonEndpoint, response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > LARGEST_BODY) {
      throw new CountersignError('SOURCE_ANSWER', `${endpoint.title} answered with more than 64 MiB`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
