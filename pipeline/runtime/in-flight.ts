import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';

export interface InFlight {
  /** Resolves when every request that was taken has been answered; a closed server alone does not tell. */
  idle(): Promise<void>;
  /** Ends the connections of clients that have not finished their request, or have none under way. */
  leaveUnfinished(): void;
}

export function trackInFlight(app: FastifyInstance): InFlight {
  const requests = new Map<FastifyRequest, () => void>();
  const answers = new Set<Promise<void>>();
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  app.addHook('onRequest', async (request) => {
    // A connection that is taken over gets no answer; whoever took it closes it.
    if (request.headers.upgrade !== undefined) {
      sockets.delete(request.raw.socket);
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    answers.add(promise);
    requests.set(request, () => {
      answers.delete(promise);
      resolve();
    });
  });
  app.addHook('onResponse', async (request) => {
    requests.get(request)?.();
    requests.delete(request);
  });
  return {
    async idle() {
      await Promise.all(answers);
    },
    leaveUnfinished() {
      const busy = new Set<Socket>();
      for (const [{ raw }, answered] of requests) {
        if (raw.complete) busy.add(raw.socket);
        else answered();
      }
      for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
    },
  };
}
