import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Asked {
  method: string;
  /** Without the query. */
  path: string;
  body: string;
}

export interface Given {
  status: number;
  body: Buffer;
}

/** One broken behaviour: an answer of its own in place of the service's, or the service's answer spoiled. */
export interface Break {
  instead?(asked: Asked): Given | undefined;
  spoil?(asked: Asked, given: Given): Given | undefined;
}

export interface BrokenService {
  url: string;
  stop(): Promise<void>;
}

/** Stands before a service and breaks what is said here; all else goes through. Its WebSockets open and stay silent. */
export async function startBrokenService(target: string, breaks: readonly Break[]): Promise<BrokenService> {
  const server = createServer((request, response) => {
    pass(request, response, { target, breaks }).catch((error: Error) => response.destroy(error));
  });
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (offered) => (offered.has('bearer') ? 'bearer' : false),
  });
  const open = new Set<WebSocket>();
  sockets.on('connection', (socket) => open.add(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      for (const socket of open) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Passage {
  target: string;
  breaks: readonly Break[];
}

async function pass(request: IncomingMessage, response: ServerResponse, { target, breaks }: Passage) {
  const { method = 'GET', url = '/' } = request;
  const body = await buffer(request);
  const asked = { method, path: url.split('?')[0] ?? '', body: body.toString() };
  const own = firstOf(breaks, ({ instead }) => instead?.(asked));
  if (own) return answer(response, own, 'application/json');
  const { host: _, connection: _c, 'content-length': _l, ...headers } = request.headers;
  const given = await fetch(new URL(url, target), {
    method,
    headers: headers as Record<string, string>,
    ...(body.length > 0 ? { body } : {}),
    redirect: 'manual',
  });
  const real = { status: given.status, body: Buffer.from(await given.arrayBuffer()) };
  const spoiled = firstOf(breaks, ({ spoil }) => spoil?.(asked, real));
  answer(response, spoiled ?? real, given.headers.get('content-type') ?? 'text/plain');
}

function firstOf(breaks: readonly Break[], of: (each: Break) => Given | undefined): Given | undefined {
  for (const each of breaks) {
    const given = of(each);
    if (given) return given;
  }
  return undefined;
}

function answer(response: ServerResponse, { status, body }: Given, type: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': body.length }).end(body);
}
