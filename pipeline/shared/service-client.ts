import { mintToken } from '#pipeline/runtime/token.ts';

export interface ServiceClientOptions {
  url: string;
  /** A ready token, else one is made from the signing key. */
  token: string | undefined;
  jwtSecret: string | undefined;
  role: 'SYSTEM_INTEGRATOR' | 'ADMIN';
  sub: string;
}

export interface ServiceAnswer {
  status: number;
  body: Record<string, unknown>;
}

/** A sync of many pages takes its time. */
const longestWaitMs = 300_000;

export type CallService = (method: string, path: string, body?: unknown) => Promise<ServiceAnswer>;

/** For scripts that ask a running service to do something. */
export function createServiceClient(options: ServiceClientOptions): CallService {
  const authorization = `Bearer ${options.token ?? mint(options)}`;
  return (method, path, body) => askService(options.url, { method, path, headers: { authorization }, body });
}

export interface Question {
  method: string;
  path: string;
  headers?: Record<string, string>;
  /** Sent as JSON; text as it is. */
  body?: unknown;
}

/** Throws, with what was asked, where there is no answer or one that is no JSON object. */
export async function askService(
  url: string,
  { method, path, headers = {}, body }: Question,
): Promise<ServiceAnswer & { headers: Headers }> {
  const base = url.replace(/\/+$/, '');
  try {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(longestWaitMs),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text, response.status) };
  } catch (thrown) {
    throw new Error(`${method} ${base}${path}: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

/** `fetch` says only that it failed; why stands in the cause. */
function reasonOf(thrown: unknown): string {
  const { message, cause } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return cause instanceof Error && cause.message !== '' ? `${message}: ${cause.message}` : message;
}

function mint({ jwtSecret, sub, role }: ServiceClientOptions): string {
  if (!jwtSecret) throw new Error('SERVICE_TOKEN or JWT_SECRET_KEY is required to call the service');
  return mintToken(jwtSecret, { sub, role }, 600);
}

function parse(text: string, status: number): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  } catch {
    // Told below: a proxy in between may answer in HTML.
  }
  throw new Error(`the service answered ${status} without a JSON object`);
}

/** The reason that a refusal gives. */
export function refusalOf({ status, body }: ServiceAnswer): string {
  const error = body.error as { code?: string; message?: string } | undefined;
  return `the service answered ${status}: ${error?.code ?? 'no code'}: ${error?.message ?? 'no message'}`;
}
