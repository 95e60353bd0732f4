import { Gauge, type Registry } from '@prometheus-io/client';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { WebSocket } from 'ws';
import type { Gate } from './gate.ts';
import { memberOf } from './member.ts';

export interface SocketLimits {
  /** Connections of one member, and of all, on this instance. */
  perMember: number;
  total: number;
  /** Messages of one connection in any window. */
  messages: number;
  windowMs: number;
  /** A peer that does not answer a ping until the next one is gone. */
  heartbeatMs: number;
}

export const socketLimits: SocketLimits = {
  perMember: 5,
  total: 1000,
  messages: 30,
  windowMs: 10_000,
  heartbeatMs: 30_000,
};

const unsupported = 1003;
const policy = 1008;
const tryLater = 1013;
/** Of the range for applications: the token is over, log in again. */
const tokenOver = 4001;
/** A timer that is longer ends at once. */
const longestTimerMs = 2 ** 31 - 1;

export interface NotificationDeps {
  gate: Gate;
  registry: Registry;
}

export function registerNotifications(
  app: FastifyInstance,
  { gate, registry }: NotificationDeps,
  limits = socketLimits,
): void {
  const open = new Map<WebSocket, string>();
  new Gauge({
    name: 'websocket_connections',
    help: 'Open connections of this instance.',
    registers: [registry],
    collect() {
      this.set(open.size);
    },
  });
  const admit = (socket: WebSocket, member: string): boolean => {
    const own = [...open.values()].filter((id) => id === member).length;
    if (own >= limits.perMember) socket.close(policy, 'too many connections');
    else if (open.size >= limits.total) socket.close(tryLater, 'too many connections');
    else {
      open.set(socket, member);
      socket.once('close', () => open.delete(socket));
      return true;
    }
    return false;
  };
  app.get(
    '/ws/notifications/',
    {
      websocket: true,
      config: { auth: 'MEMBER', socket: true },
      preValidation: (request: FastifyRequest) => gate.assertAllowed('connect', memberOf(request)),
    },
    (socket, request) => {
      if (!admit(socket, memberOf(request))) return;
      answerMessages(socket, limits);
      endWithToken(socket, request);
      watchPeer(socket, limits.heartbeatMs);
    },
  );
}

function answerMessages(socket: WebSocket, { messages, windowMs }: SocketLimits): void {
  let begun = Date.now();
  let count = 0;
  const isTooMany = () => {
    if (Date.now() - begun >= windowMs) {
      begun = Date.now();
      count = 0;
    }
    count += 1;
    if (count > messages) socket.close(policy, 'too many messages');
    return count > messages;
  };
  // Each is answered with a pong, which a peer that does not read would let pile up.
  socket.on('ping', isTooMany);
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isTooMany()) return;
    if (isBinary) return socket.close(unsupported, 'messages are JSON');
    if (typeOf(data) === 'ping') socket.send('{"type":"pong"}');
    else socket.send('{"type":"error","error":{"code":"BAD_REQUEST","message":"only ping is understood"}}');
  });
}

function typeOf(data: Buffer): unknown {
  try {
    return (JSON.parse(data.toString()) as { type?: unknown } | null)?.type;
  } catch {
    return undefined;
  }
}

function endWithToken(socket: WebSocket, request: FastifyRequest): void {
  const { exp } = request.user as { exp?: number };
  const leftMs = Math.max(0, (exp ?? 0) * 1000 - Date.now());
  const timer = setTimeout(
    () => socket.close(tokenOver, 'the token is over'),
    Math.min(leftMs, longestTimerMs),
  );
  socket.once('close', () => clearTimeout(timer));
}

function watchPeer(socket: WebSocket, heartbeatMs: number): void {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, heartbeatMs);
  socket.once('close', () => clearInterval(timer));
}
