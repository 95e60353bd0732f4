import type { FastifyInstance } from 'fastify';

/** A signature is over the bytes as they came: within this scope nothing parses them first, whatever they are called. */
export function takeRawBody(scope: FastifyInstance, bodyLimit: number): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit }, (_request, body, done) =>
    done(null, body),
  );
}

/** Empty where there was none. */
export const rawBodyOf = ({ body }: { body: unknown }): Buffer =>
  Buffer.isBuffer(body) ? body : Buffer.alloc(0);
