import { parseDuration } from '../config/duration.ts';
import type { HttpAnswer } from '../sources/define.ts';
import { type Static, type TObject, type TSchema, Type } from '../type.ts';
import { Anything, type CheckContext, DurationText } from './define.ts';

const Texts = Type.Record(Type.String(), Type.String());

/** What one request of a checklist may say besides its method and path. */
export const requestOptions = {
  source: Type.Optional(Type.String({ description: 'name of an http source; default the only one' })),
  query: Type.Optional(Texts),
  headers: Type.Optional(Texts),
  json: Type.Optional(Anything({ description: 'body, sent as application/json' })),
  body: Type.Optional(Type.String({ description: 'body as it is' })),
};

/** How long and how large an exchange may become. */
export const limitOptions = {
  timeout: Type.Optional(DurationText({ description: 'for each request, body included; default 10s' })),
  max_bytes: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 67_108_864, description: 'of one body; default 1048576' }),
  ),
};

type Options<T extends Record<string, TSchema>> = Static<TObject<T>>;
type Request = Options<typeof requestOptions> & { path: string; method?: string | undefined };
type Limits = Options<typeof limitOptions> & { follow?: number | undefined };

/** Why a request can't be sent as it stands, if so. */
export function bodyProblem({ json, body }: Pick<Request, 'json' | 'body'>): string | undefined {
  return json !== undefined && body !== undefined ? 'give either `json` or `body`' : undefined;
}

/** Sends a request whose templates are filled. Throws what the source throws when there is no whole answer. */
export async function sendRequest(
  request: Request,
  limits: Limits,
  context: CheckContext,
): Promise<HttpAnswer> {
  const source = await context.sources.http(request.source);
  const isJson = request.json !== undefined;
  const content = isJson ? JSON.stringify(request.json) : request.body;
  return source.request({
    path: request.path,
    method: request.method ?? 'GET',
    query: request.query ?? {},
    headers: { ...(isJson ? { 'content-type': 'application/json' } : {}), ...request.headers },
    ...(content === undefined ? {} : { body: content }),
    ...(limits.timeout ? { timeoutMs: parseDuration(limits.timeout) } : {}),
    ...(limits.max_bytes ? { maxBytes: limits.max_bytes } : {}),
    follow: limits.follow ?? 0,
    signal: context.signal,
  });
}
