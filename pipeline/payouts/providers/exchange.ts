import { ProviderError } from './provider.ts';

export interface Request {
  method: 'GET' | 'POST';
  /** The path with a word in place of references: what errors name. */
  template: string;
  path: string;
  headers?: Record<string, string>;
  body?: object;
}

export interface Answer {
  status: number;
  /** Undefined where the body is no JSON. */
  json: unknown;
}

const maxBodyBytes = 65_536;

/** One request and its whole answer, whatever it says; a ProviderError where there is none. */
export async function exchange(baseUrl: string, request: Request, signal: AbortSignal): Promise<Answer> {
  const label = `${request.method} ${request.template}`;
  if (signal.aborted) throw new ProviderError('TIMEOUT', `${label}: there was no time left for it`);
  try {
    const response = await fetch(`${baseUrl.replace(/\/+$/, '')}${request.path}`, {
      method: request.method,
      headers: {
        accept: 'application/json',
        ...(request.body && { 'content-type': 'application/json' }),
        ...request.headers,
      },
      // Credentials go to the configured host only, wherever a redirect may point.
      redirect: 'manual',
      signal,
      ...(request.body && { body: JSON.stringify(request.body) }),
    });
    return { status: response.status, json: parse(response, await readBody(response, label)) };
  } catch (thrown) {
    if (thrown instanceof ProviderError) throw thrown;
    if (signal.aborted) throw new ProviderError('TIMEOUT', `${label}: no full answer in time`);
    throw new ProviderError('NETWORK', `${label}: ${networkCode(thrown)}`);
  }
}

/** For an answer that says nothing certain. */
export function unclear({ status, json }: Answer, template: string): ProviderError {
  const code = status >= 200 && status < 300 ? (json === undefined ? 'NOT_JSON' : 'SHAPE') : `HTTP_${status}`;
  return new ProviderError(code, `${template}: the answer does not say what became of it`);
}

async function readBody(response: Response, label: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBodyBytes) throw new ProviderError('BODY_TOO_LARGE', `${label}: too long an answer`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(response: Response, body: string): unknown {
  if (!/\bjson\b/i.test(response.headers.get('content-type') ?? '')) return undefined;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** What the system calls it; the text of a network error can hold a URL. */
function networkCode(thrown: unknown): string {
  const { cause } = (thrown ?? {}) as { cause?: { code?: unknown } };
  return typeof cause?.code === 'string' ? cause.code : 'the connection broke';
}
