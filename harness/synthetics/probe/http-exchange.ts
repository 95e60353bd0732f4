import type { IncomingMessage } from 'node:http';
import { CountersignError } from '../../errors.ts';
import type { Connections } from './connections.ts';
import { type Dialed, dial, holdAgain, type Target } from './dial.ts';
import { decode, tooLarge } from './http-body.ts';
import { Failure, type Looking } from './looking.ts';
import { startRequest } from './node-http.ts';
import { asTrouble, codeOf } from './trouble.ts';
import { showBytes } from './words.ts';

export interface HttpRequest {
  method: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: string | undefined;
}

export interface Limits {
  maxBytes: number;
  insecure: boolean | undefined;
  serverName: string | undefined;
  publicOnly: boolean;
  /** Connections that stay open; absent: a new one, which ends with the answer. */
  connections: Connections | undefined;
}

export interface RawAnswer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** The address that answered. */
  address: string;
  /** Did it come over a connection that was there before? */
  reused: boolean;
}

/** What may be asked twice, should the first never have arrived. */
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/**
 * One request over a connection of its own: only so are the times of looking up and connecting those of this probe.
 * Where connections stay open, over one of them if it can be.
 */
export async function exchange(request: HttpRequest, limits: Limits, looking: Looking): Promise<RawAnswer> {
  const { connections } = limits;
  const target = targetOf(request.url, limits);
  const now = () => looking.context.clock.monotonic();
  const kept = repeatable.has(request.method) ? connections?.take(target, now()) : undefined;
  if (kept) {
    try {
      return await over(holdAgain(kept, target, looking), true);
    } catch (thrown) {
      // The server may have ended it in the very moment: without a byte of an answer that says nothing against it.
      if (looking.ending.isOver || kept.socket.bytesRead > kept.bytesBefore) throw thrown;
    }
  }
  return over(await dial(target, looking), false);

  async function over(connection: Dialed, reused: boolean): Promise<RawAnswer> {
    const { socket, address } = connection;
    let isKept = false;
    const keep = () => {
      isKept = true;
      connection.letGo();
      connections?.giveBack(target, connection, now());
    };
    if (connections) socket.once('free', keep);
    try {
      const answer = await ask(request, connection, limits, looking);
      const encoding = answer.headers['content-encoding'];
      const body =
        encoding === undefined ? answer.body : await decode(answer.body, encoding, limits.maxBytes);
      return { status: answer.status, headers: answer.headers, body, address, reused };
    } finally {
      if (!isKept) {
        socket.off('free', keep);
        socket.destroy();
      }
    }
  }
}

function targetOf({ protocol, hostname, port }: URL, limits: Limits): Target {
  const secure = protocol === 'https:';
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (secure ? 443 : 80)),
    tls: secure ? { insecure: limits.insecure, serverName: limits.serverName } : undefined,
    publicOnly: limits.publicOnly,
  };
}

type Asked = Omit<RawAnswer, 'address' | 'reused'>;

function ask(request: HttpRequest, { socket }: Dialed, limits: Limits, looking: Looking): Promise<Asked> {
  const { method, url, headers, body } = request;
  const { sight } = looking;
  sight.stage = 'the first byte of the answer';
  delete sight.facts['status'];
  return new Promise((resolve, reject) => {
    const fail = (thrown: unknown) => reject(explain(thrown, url, sight.facts['status'] !== undefined));
    let sent: ReturnType<typeof startRequest>;
    try {
      sent = startRequest({
        createConnection: () => socket,
        method,
        path: url.pathname + url.search,
        headers: {
          ...(limits.connections ? { connection: 'keep-alive' } : {}),
          // Node.js leaves the length out of a GET, and its body would be taken for the next request.
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
        setHost: false,
      });
    } catch (thrown) {
      reject(unsendable(thrown));
      return;
    }
    sent.once('error', fail);
    sent.once('upgrade', () => fail(new Failure('switched protocols (101), which nobody asked for')));
    sent.once('response', (response) => {
      looking.lap('first_byte');
      sight.facts['status'] = response.statusCode ?? 0;
      read(response, limits.maxBytes, looking).then(
        (bytes) => resolve({ status: response.statusCode ?? 0, headers: flat(response), body: bytes }),
        fail,
      );
    });
    sent.end(body);
  });
}

function read(response: IncomingMessage, maxBytes: number, { sight }: Looking): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const length = response.headers['content-length'];
  sight.stage = () => `the rest of the answer after ${showBytes(bytes)}${length ? ` of ${length}` : ''}`;
  return new Promise((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        reject(
          tooLarge(maxBytes, length ? `${showBytes(Number(length))} by its own word` : 'of unknown length'),
        );
        response.destroy();
      } else {
        chunks.push(chunk);
      }
    });
    response.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    response.once('error', (error) => {
      const got = length ? `${bytes} of ${showBytes(Number(length))}` : showBytes(bytes);
      const early = codeOf(error) === 'ECONNRESET';
      reject(early ? new Failure(`had the connection closed after ${got} of the body`) : error);
    });
  });
}

function flat({ headers }: IncomingMessage): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) found[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return found;
}

function explain(thrown: unknown, url: URL, begun: boolean): Failure | CountersignError {
  if (codeOf(thrown) === 'ECONNRESET' && !begun) {
    return new Failure('had the connection closed before a word of an answer came');
  }
  return asTrouble(thrown, url.host);
}

/** The platform's own error would quote a value, which may be a secret. */
function unsendable(thrown: unknown): CountersignError {
  const [, name] = /header (?:name|content) \["([^"]*)"\]/.exec(String(thrown)) ?? [];
  const what = name === undefined ? 'the request' : `the header \`${name}\``;
  return new CountersignError('CONFIG_INVALID', `${what} holds what HTTP does not allow`);
}
