import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isObject, type JsonObject } from '../../checks/json.ts';

export interface Request {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: unknown;
}

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** What happens to a request before the service sees it, or after it was carried out. */
export type Fault =
  /** Refused, and not carried out. */
  | { kind: 'refuse'; status: number; headers?: Record<string, string> }
  /** Carried out, and the answer lost. */
  | { kind: 'cut' }
  /** Carried out, and answered as if it had failed. */
  | { kind: 'lie'; status: number };

export interface Simulator {
  url: string;
  /** Of each request that changed something: method and path. */
  readonly changes: string[];
  readonly requests: Request[];
  /** The next requests that fit; each is used once. */
  inject(fault: Fault, fits?: (request: Request) => boolean): void;
  /** Takes back what was injected and not used. */
  calm(): void;
  close(): Promise<void>;
}

/** An HTTP service in this process that keeps state, and fails when it is told to. */
export async function startSimulator(
  answer: (request: Request) => Answer,
  changesState: (request: Request) => boolean,
): Promise<Simulator> {
  const faults: { fault: Fault; fits: (request: Request) => boolean }[] = [];
  const changes: string[] = [];
  const requests: Request[] = [];
  const server = createServer((incoming, outgoing) => {
    void read(incoming).then((request) => {
      requests.push(request);
      const at = faults.findIndex(({ fits }) => fits(request));
      const fault = at < 0 ? undefined : faults.splice(at, 1)[0]?.fault;
      if (fault?.kind === 'refuse') {
        outgoing.writeHead(fault.status, fault.headers).end('{"errors":["not now"]}');
        return;
      }
      const given = answer(request);
      if (changesState(request) && given.status < 300) changes.push(`${request.method} ${request.path}`);
      if (fault?.kind === 'cut') return void outgoing.socket?.destroy();
      const status = fault?.kind === 'lie' ? fault.status : given.status;
      outgoing.writeHead(status, { 'content-type': 'application/json', ...given.headers });
      outgoing.end(given.body === undefined ? '' : JSON.stringify(given.body));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    changes,
    requests,
    inject: (fault, fits = () => true) => void faults.push({ fault, fits }),
    calm: () => void faults.splice(0),
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}

async function read(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(incoming.url ?? '/', 'http://simulator');
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: incoming.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** Names of what an object has and may not have, or has in another shape than that: for `400`. */
export function strangeFields(value: unknown, shape: Record<string, (field: unknown) => boolean>): string[] {
  if (!isObject(value)) return ['it is no object'];
  const strange = Object.keys(value).filter((key) => !Object.hasOwn(shape, key));
  const wrong = Object.entries(shape).filter(([key, fits]) => !fits((value as JsonObject)[key]));
  return [...strange, ...wrong.map(([key]) => key)];
}
