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
  const timeout = AbortSignal.timeout(endpoint.timeoutMs ?? 30_000);
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json', ...endpoint.headers },
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
  try {
    return JSON.parse(text);
  } catch {
    throw new CountersignError('SOURCE_ANSWER', `${endpoint.title} answered with something that is not JSON`);
  }
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
