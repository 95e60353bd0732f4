import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { maskText } from '#pipeline/shared/mask.ts';
import { describeForLog, ServiceError } from './errors.ts';

const retryAfterSeconds = 5;

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
  app.setErrorHandler<FastifyError>((thrown, request, reply) =>
    refuse(thrown, request, reply, { translate }),
  );
  app.setNotFoundHandler((request, reply) =>
    refuse(new ServiceError('NOT_FOUND', 'there is nothing at this path'), request, reply),
  );
}

export interface Refusal {
  status: number;
  code: string;
  message: string;
  correlationId: string | undefined;
}

export interface RefusalOptions {
  translate?: Translate;
  /** The status and the body of the answer, where a domain has its own. */
  shape?(refusal: Refusal, thrown: FastifyError): { status: number; body: object };
}

/** Also for what Fastify refuses before it knows a route: a bad URL, a parameter that is too long. */
export function refuse(
  thrown: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  { translate = () => undefined, shape = shapeRefusal }: RefusalOptions = {},
) {
  const error = thrown instanceof ServiceError ? thrown : translate(thrown);
  const status = error?.statusCode ?? clientStatus(thrown);
  if (status === 500)
    request.log.error({ event: 'request.failed', ...describeForLog(thrown) }, 'request.failed');
  if (error?.retryable || status === 503) {
    reply.header('retry-after', String(error?.retryAfterSeconds ?? retryAfterSeconds));
  }
  const refusal = {
    status,
    code: error?.code ?? codeOf(thrown, status),
    message: messageFor(thrown, error, status),
    correlationId: error?.correlationId,
  };
  const answer = shape(refusal, thrown);
  return reply.code(answer.status).send(answer.body);
}

function shapeRefusal({ status, code, message, correlationId }: Refusal) {
  const error = { code, message, ...(correlationId && { correlation_id: correlationId }) };
  return { status, body: { success: false, status, error, timestamp: new Date().toISOString() } };
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
