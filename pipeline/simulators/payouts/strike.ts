import type { FastifyReply } from 'fastify';
import type { Fault, Situation } from './faults.ts';
import type { SimulatorState } from './state.ts';

/** What a provider answers. */
export interface Reply {
  status: number;
  body?: unknown;
}

export interface Submit {
  situation: Situation;
  /** Takes the payment; the fault may decide how it ends. */
  perform(fault: Fault | undefined): Reply;
  /** In the provider's words: why it does not take it. */
  refuse(reason: string): Reply;
}

/** Anything that takes no payment: it fails, or it is answered. */
export async function answer(
  state: SimulatorState,
  reply: FastifyReply,
  situation: Situation,
  perform: () => Reply,
): Promise<FastifyReply> {
  const fault = await strike(state, situation);
  if (fault && fail(reply, fault)) return reply;
  return sendReply(reply, perform());
}

/** With what can befall a payment: not taken, taken but not answered, taken later than anybody waits. */
export async function submit(
  state: SimulatorState,
  reply: FastifyReply,
  { situation, perform, refuse }: Submit,
): Promise<FastifyReply> {
  const fault = await strike(state, situation);
  // How late a payment may be taken is for the fault `late` alone, not for how busy this machine is.
  await state.pause(1);
  if (reply.raw.destroyed || state.heldUp.isRecent()) return breakOff(reply);
  switch (fault?.kind) {
    case 'cut':
      perform(undefined);
      return breakOff(reply);
    case 'late':
      state.background(takeLate(state, fault.ms ?? 1000, () => void perform(undefined)));
      return breakOff(reply);
    case 'error_after':
      perform(undefined);
      return sendReply(reply, { status: fault.status ?? 500, body: { message: 'Something went wrong' } });
    case 'refuse':
      return sendReply(reply, refuse(fault.reason ?? 'PAYEE_NOT_FOUND'));
    default:
  }
  if (fault && fail(reply, fault)) return reply;
  return sendReply(reply, perform(fault));
}

async function takeLate(state: SimulatorState, ms: number, take: () => void): Promise<void> {
  await state.pause(ms);
  if (!state.heldUp.isRecent()) take();
}

async function strike(state: SimulatorState, situation: Situation): Promise<Fault | undefined> {
  const faults = state.faults.strike(situation);
  const latency = faults.find(({ kind }) => kind === 'latency');
  if (latency) await state.pause(latency.ms ?? 1000);
  return faults.find(({ kind }) => kind !== 'latency');
}

/** Failures in which nothing was done; false for a fault that is not one of them. */
function fail(reply: FastifyReply, fault: Fault): boolean {
  switch (fault.kind) {
    case 'drop':
    case 'cut':
      breakOff(reply);
      return true;
    case 'server_error':
      sendReply(reply, { status: fault.status ?? 503, body: { message: 'Something went wrong' } });
      return true;
    case 'rate_limit':
      reply.header('retry-after', '1');
      sendReply(reply, { status: 429, body: { message: 'Too many requests' } });
      return true;
    case 'auth_failure':
      sendReply(reply, { status: 401, body: { message: 'Unauthorized' } });
      return true;
    case 'html_error':
      // As a proxy words it: it looks like an answer, and says nothing of the payment.
      reply.status(404).type('text/html').send('<!doctype html><title>404 Not Found</title>');
      return true;
    case 'malformed_json':
      reply.status(200).type('application/json').send('{"status":"SUCC');
      return true;
    default:
      return false;
  }
}

export function breakOff(reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.destroy();
  return reply;
}

function sendReply(reply: FastifyReply, { status, body }: Reply): FastifyReply {
  return reply.status(status).send(body);
}
