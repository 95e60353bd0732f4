import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { maskText } from '#pipeline/shared/mask.ts';
import { describeForLog, ServiceError } from './errors.ts';

const retryAfterSeconds = '5';

export const ErrorAnswer = Type.Object({
  success: Type.Literal(false),
  status: Type.Integer(),
  error: Type.Object({
    code: Type.String(),
    message: Type.String(),
    /** Of the run that failed. */
    correlation_id: Type.Optional(Type.String()),
  }),
  timestamp: Type.String({ format: 'date-time' }),
});

/** Schemas describe the answers and never cut anything out of them; every route may refuse in one shape. */
export function documentAnswers(app: FastifyInstance): void {
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.addHook('onRoute', (route) => {
    if (route.schema === undefined || route.schema.hide) return;
    const response = (route.schema.response ?? {}) as object;
    route.schema = { ...route.schema, response: { '4xx': ErrorAnswer, '5xx': ErrorAnswer, ...response } };
  });
}

/** What a domain makes of its own exceptions; undefined for those that it does not know. */
export type Translate = (thrown: unknown) => ServiceError | undefined;

/** One shape for every refusal. What a library says may quote the input: numbers in it are masked, too. */
export function mapErrors(app: FastifyInstance, translate: Translate): void {
  app.setErrorHandler<FastifyError>((thrown, request, reply) => refuse(thrown, request, reply, translate));
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({
      success: false,
      status: 404,
      error: { code: 'NOT_FOUND', message: 'there is nothing at this path' },
      timestamp: new Date().toISOString(),
    }),
  );
}

/** Also for what Fastify refuses before it knows a route: a bad URL, a parameter that is too long. */
export function refuse(
  thrown: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  translate: Translate = () => undefined,
) {
  const error = thrown instanceof ServiceError ? thrown : translate(thrown);
  const status = error?.statusCode ?? clientStatus(thrown);
  if (status === 500)
    request.log.error({ event: 'request.failed', ...describeForLog(thrown) }, 'request.failed');
  if (error?.retryable || status === 503) reply.header('retry-after', retryAfterSeconds);
  return reply.code(status).send({
    success: false,
    status,
    error: {
      code: error?.code ?? codeOf(thrown, status),
      message: messageFor(thrown, error, status),
      ...(error?.correlationId && { correlation_id: error.correlationId }),
    },
    timestamp: new Date().toISOString(),
  });
}

function clientStatus(thrown: FastifyError): number {
  const status = thrown.statusCode ?? 500;
  return (status >= 400 && status < 500) || status === 503 ? status : 500;
}

function codeOf(thrown: FastifyError, status: number): string {
  if (thrown.validation) return 'BAD_REQUEST';
  return status === 500 ? 'INTERNAL' : (thrown.code ?? 'REFUSED');
}

function messageFor(thrown: FastifyError, error: ServiceError | undefined, status: number): string {
  if (error) return error.message;
  return status < 500 ? maskText(thrown.message) : 'the service could not answer; its log knows more';
}
