import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { createServer as createTcp } from 'node:net';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { WebSocketServer } from 'ws';
import { makeAuthority } from '#harness/testing/certificates.ts';

/** Something of each kind to probe, in a process of its own; tells its ports to whoever forked it. */
export interface Ports {
  http: number;
  https: number;
  tcp: number;
  websocket: number;
  grpc: number;
}

async function listen(server: NetServer): Promise<number> {
  server.listen({ port: 0, host: '127.0.0.1', backlog: 2_048 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const answer: Parameters<typeof createServer>[1] = (request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(`{"status":"ok","path":${JSON.stringify(request.url)}}`);
};

async function startGrpc(): Promise<number> {
  const asIs = (bytes: Buffer) => bytes;
  const grpc = new GrpcServer();
  grpc.addService(
    {
      check: {
        path: '/grpc.health.v1.Health/Check',
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    {
      check: (_call: unknown, done: (error: null, found: Buffer) => void) => done(null, Buffer.from([8, 1])),
    },
  );
  return new Promise((resolve, reject) => {
    grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

const until = new Date(Date.now() + 90 * 86_400_000);
const sockets = createServer();
new WebSocketServer({ server: sockets }).on('connection', (socket) => {
  socket.on('message', (message) => socket.send(String(message)));
});

const ports: Ports = {
  http: await listen(createServer(answer)),
  https: await listen(createTls(makeAuthority(until).issue({ names: ['127.0.0.1'], until }), answer)),
  tcp: await listen(createTcp((socket) => socket.on('error', () => {}).end('220 ready\r\n'))),
  websocket: await listen(sockets),
  grpc: await startGrpc(),
};
process.send?.(ports);
process.once('disconnect', () => process.exit());
