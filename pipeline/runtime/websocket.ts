import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import { ServiceError } from './errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Without it an upgrade is refused. */
    socket?: boolean;
  }
}

const goingAway = 1001;
const maxMessageBytes = 4096;
/** A peer that does not say goodbye must not hold the service. */
const farewellMs = 1000;

/** Before any hook that may refuse: only then is the connection of a refused upgrade let go. */
export async function registerWebSockets(app: FastifyInstance): Promise<void> {
  await app.register(websocket, {
    options: {
      maxPayload: maxMessageBytes,
      handleProtocols: (offered) => (offered.has('bearer') ? 'bearer' : false),
    },
    errorHandler: (_error, socket) => socket.terminate(),
    preClose: (done) => {
      const { clients } = app.websocketServer;
      for (const client of clients) client.close(goingAway, 'the service is ending');
      const timer = setTimeout(() => {
        for (const client of clients) client.terminate();
      }, farewellMs);
      app.websocketServer.close(() => {
        clearTimeout(timer);
        done();
      });
    },
  });
  app.addHook('onRequest', async (request) => {
    if (request.ws && !request.is404 && request.routeOptions.config.socket !== true) {
      throw new ServiceError('BAD_REQUEST', 'this path takes no WebSocket');
    }
  });
}
