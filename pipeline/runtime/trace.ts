import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

/** One piece of work of this service within a trace that may have begun elsewhere. */
export interface Span {
  traceId: string;
  spanId: string;
  flags: string;
}

const spans = new AsyncLocalStorage<Span>();

/**
 * W3C Trace Context: a version that is not known yet may bring further fields after a dash, version 00 may not.
 * Anything else is as good as no header: it is not the caller's fault that something on the way spoilt it.
 */
const pattern = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** A span under the one that a `traceparent` names, or one that begins a trace. */
export function continueTrace(traceparent: unknown): Span {
  const spanId = randomBytes(8).toString('hex');
  const [, version, traceId, , flags, more] =
    typeof traceparent === 'string' ? (pattern.exec(traceparent) ?? []) : [];
  if (traceId === undefined || flags === undefined || (version === '00' && more !== undefined)) {
    return { traceId: randomBytes(16).toString('hex'), spanId, flags: '00' };
  }
  // Of the flags only `sampled` is ours to pass on.
  return { traceId, spanId, flags: Number.parseInt(flags, 16) & 1 ? '01' : '00' };
}

export function inSpan<T>(span: Span, work: () => T): T {
  return spans.run(span, work);
}

export function currentTraceparent(): string | undefined {
  const span = spans.getStore();
  return span && `00-${span.traceId}-${span.spanId}-${span.flags}`;
}

/** What every log line within a span says of it. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  const span = spans.getStore();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

export function registerTracing(app: FastifyInstance): void {
  const ofRequest = new WeakMap<object, Span>();
  app.addHook('onRequest', (request, _reply, done) => {
    const span = continueTrace(request.headers.traceparent);
    ofRequest.set(request, span);
    inSpan(span, done);
  });
  // A body is read in the context of the socket: from here on it is the request's again.
  app.addHook('preValidation', (request, _reply, done) => {
    const span = ofRequest.get(request);
    if (span) inSpan(span, done);
    else done();
  });
}
