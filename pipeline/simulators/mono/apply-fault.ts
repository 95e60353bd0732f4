import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { failed } from './envelope.ts';
import type { Endpoint, Fault } from './faults.ts';
import { Refusal, type SimulatorState } from './state.ts';

/** Strikes before the handler; what only the handler can do (`empty`, shifted or repeated pages) is handed on. */
export async function applyFault(
  state: SimulatorState,
  endpoint: Endpoint,
  reply: FastifyReply,
): Promise<{ answered: boolean; fault?: Fault | undefined }> {
  const { delayMs, fault } = state.faults.strike(endpoint);
  if (delayMs > 0) await delay(delayMs);
  switch (fault?.kind) {
    case 'rate_limit':
      refuse(state, reply, fault, 429, 'Too many requests, please slow down');
      return { answered: true };
    case 'server_error':
      refuse(state, reply, fault, fault.status ?? 500, 'Something went wrong');
      return { answered: true };
    case 'html_error':
      reply.status(fault.status ?? 502).type('text/html; charset=utf-8');
      reply.send('<!doctype html><title>502 Bad Gateway</title><h1>Bad Gateway</h1>');
      return { answered: true };
    case 'malformed_json':
      reply.type('application/json; charset=utf-8').send('{"status":"successful","data":[{"id":"66141b');
      return { answered: true };
    case 'cut_connection':
      cut(reply, fault.beforeHead ?? false);
      return { answered: true };
    case 'auth_failure':
      throw new Refusal(401, 'Unauthorized. Invalid or missing mono-sec-key');
    case 'reauthorisation_required':
      throw new Refusal(403, 'This account needs to be reauthorised', 'REAUTHORISATION_REQUIRED');
    default:
      return { answered: false, fault };
  }
}

function refuse(
  state: SimulatorState,
  reply: FastifyReply,
  fault: Fault,
  status: number,
  message: string,
): void {
  const now = state.settings.now();
  if (fault.retryAfter !== undefined) {
    const at = new Date(now.getTime() + fault.retryAfter * 1000);
    reply.header('retry-after', fault.retryAfterAsDate ? at.toUTCString() : String(fault.retryAfter));
  }
  reply.status(status).send(failed(now, message));
}

function cut(reply: FastifyReply, beforeHead: boolean): void {
  reply.hijack();
  if (beforeHead) {
    reply.raw.destroy();
    return;
  }
  reply.raw.writeHead(200, {
    'x-simulator': 'mono',
    'content-type': 'application/json',
    'content-length': 4096,
  });
  // Only once the first bytes have left, so that the client is in the middle of the body.
  reply.raw.write('{"status":"successful","data":[', () => reply.raw.destroy());
}
