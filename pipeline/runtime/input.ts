import type { FastifyInstance } from 'fastify';
import { ServiceError } from './errors.ts';

const deepest = 32;
// Either one PostgreSQL can't store: NUL, and half of a surrogate pair.
const unstorable = /\0|\p{Surrogate}/u;

/** What nobody sends by mistake, and what would fail far inside; without recursion, which input could exhaust. */
export function assertPlain(input: unknown): void {
  const left: { value: unknown; depth: number }[] = [{ value: input, depth: 0 }];
  for (let next = left.pop(); next; next = left.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string' && unstorable.test(value)) {
      throw new ServiceError('BAD_REQUEST', 'a text holds a character that cannot be stored');
    }
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= deepest) throw new ServiceError('BAD_REQUEST', 'the input is nested too deeply');
    for (const [name, child] of Object.entries(value)) {
      left.push({ value: name, depth }, { value: child, depth: depth + 1 });
    }
  }
}

/** A body that may be left out may be empty, too, whatever its type says: many clients name it always. */
export function takeEmptyJson(scope: FastifyInstance): void {
  const parse = scope.getDefaultJsonParser('error', 'error');
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) =>
    text === '' ? done(null, null) : void parse(request, text.toString(), done),
  );
}

/** Raw bodies are their route's own business. */
export function refuseOddInput(app: FastifyInstance): void {
  app.addHook('preValidation', async ({ body, query, params }) => {
    assertPlain([query, params, Buffer.isBuffer(body) ? undefined : body]);
  });
}
