import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTls } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Socket, type Server as TcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { MadeCertificate } from './certificates.ts';

/** Everything that a server can do wrong, by path; any other path answers 200 `{"status":"ok"}`. */
const behaviours: Readonly<Record<string, (asked: Asked) => void>> = {
  '/slow': ({ answer, url }) => {
    setTimeout(() => answer.end('late'), Number(url.searchParams.get('ms') ?? 60));
  },
  '/500': ({ answer }) => answer.writeHead(500).end('out of memory'),
  '/wrong-body': ({ answer }) => json(answer, { status: 'degraded' }),
  '/wrong-type': ({ answer }) =>
    answer.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'),
  '/closed-early': ({ answer }) => {
    answer.writeHead(200, { 'content-length': 1_000 });
    answer.write('the first words', () => answer.socket?.destroy());
  },
  '/hung-up': ({ answer }) => answer.socket?.destroy(),
  '/loop': ({ answer }) => redirect(answer, '/loop-again'),
  '/loop-again': ({ answer }) => redirect(answer, '/loop'),
  '/huge': ({ answer }) => {
    answer.on('error', () => {});
    const more = () => {
      while (!answer.destroyed && answer.write(Buffer.alloc(65_536, 'x')));
    };
    answer.on('drain', more);
    more();
  },
  '/bomb': ({ answer }) =>
    answer.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(32 * 1_048_576))),
  '/never': () => {},
  '/headers-only': ({ answer }) => void answer.writeHead(200, { 'content-length': 10 }).flushHeaders(),
  '/redirect': ({ answer, url }) =>
    redirect(answer, url.searchParams.get('to') ?? '/', Number(url.searchParams.get('status') ?? 302)),
  '/echo': ({ answer, request, body }) =>
    json(answer, { method: request.method, headers: request.headers, body, url: request.url }),
  '/gzip': ({ answer }) =>
    answer.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('packed words')),
  '/not-gzip': ({ answer }) => answer.writeHead(200, { 'content-encoding': 'gzip' }).end('not packed'),
  '/fat-headers': ({ answer }) => answer.writeHead(200, { 'x-fat': 'x'.repeat(20_000) }).end(),
};

interface Asked {
  request: IncomingMessage;
  answer: ServerResponse;
  url: URL;
  body: string;
}

export interface BadServer {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Requests so far, `GET /path`. */
  readonly asked: string[];
  /** Takes the next requests itself. */
  answerWith(take: ((asked: Asked) => void) | undefined): void;
  close(): Promise<void>;
}

/** A server for tests of probes that does everything wrong on demand. With a certificate it speaks TLS. */
export async function startBadServer(
  options: { tls?: MadeCertificate; host?: string } = {},
): Promise<BadServer> {
  const asked: string[] = [];
  let override: ((asked: Asked) => void) | undefined;
  const take = async (request: IncomingMessage, answer: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    asked.push(`${request.method} ${url.pathname}`);
    let body = '';
    for await (const chunk of request) body += chunk;
    const act = override ?? behaviours[url.pathname] ?? (() => json(answer, { status: 'ok' }));
    act({ request, answer, url, body });
  };
  const handle = (request: IncomingMessage, answer: ServerResponse) => {
    take(request, answer).catch(() => answer.destroy());
  };
  const server: Server = options.tls ? createTls(options.tls, handle) : createServer(handle);
  server.on('tlsClientError', () => {});
  const port = await listen(server, options.host);
  return {
    url: `${options.tls ? 'https' : 'http'}://${options.host ?? '127.0.0.1'}:${port}`,
    port,
    asked,
    answerWith(next) {
      override = next;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export interface BadSocketServer {
  readonly port: number;
  close(): Promise<void>;
}

/** A server for anything that is not HTTP: it does with each connection what the test says. */
export async function startBadSocketServer(take: (socket: Socket) => void): Promise<BadSocketServer> {
  const open = new Set<Socket>();
  const server = createTcp((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => void open.delete(socket));
    take(socket);
  });
  const port = await listen(server);
  return {
    port,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function listen(server: TcpServer, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function json(answer: ServerResponse, value: unknown): void {
  answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

function redirect(answer: ServerResponse, to: string, status = 302): void {
  answer.writeHead(status, { location: to }).end();
}
