import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { unescaped } from '../../config/percent.ts';
import { messageOf } from '../../errors.ts';
import type { GrpcCheck } from '../check-schema.ts';
import { dial } from './dial.ts';
import { decodeResponse, encodeRequest, type Health } from './health-messages.ts';
import { Failure, type Looking } from './looking.ts';
import { asTrouble } from './trouble.ts';
import { cut, hostAndPort } from './words.ts';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  trailers: IncomingHttpHeaders;
  body: Buffer;
}

const mostBytes = 65_536;

const grpcNames: Readonly<Record<number, string>> = {
  1: 'CANCELLED',
  2: 'UNKNOWN',
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
};

/** Asks the health service of grpc.health.v1 about one service, or about the whole server. */
export async function look(check: GrpcCheck, looking: Looking): Promise<void> {
  const { sight } = looking;
  const {
    host,
    service = '',
    serverName,
  } = await looking.fill({ host: check.host, service: check.service, serverName: check.server_name });
  const place = hostAndPort(host, check.port);
  sight.subject = `gRPC health of ${service === '' ? 'the server' : `\`${service}\``} at ${place}`;
  const tls = check.tls ? { insecure: check.insecure, serverName, protocols: ['h2'] } : undefined;
  const { socket } = await dial({ host, port: check.port, tls }, looking);
  const session = connect(`${check.tls ? 'https' : 'http'}://${place}`, { createConnection: () => socket });
  try {
    const answer = await ask(session, service, looking).catch((thrown: unknown) => {
      throw asTrouble(thrown, place);
    });
    Object.assign(sight.facts, factsOf(answer), { duration_ms: Math.round(looking.elapsed()) });
  } finally {
    session.destroy();
  }
}

function ask(session: ClientHttp2Session, service: string, looking: Looking): Promise<Answer> {
  const { sight } = looking;
  sight.stage = 'the answer of the health service';
  return new Promise((resolve, reject) => {
    session.once('error', reject);
    session.once('close', () => reject(new Failure('had the connection closed before an answer came')));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-timeout': `${Math.max(1, Math.floor(looking.timeoutMs))}m`,
    });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let headers: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    stream.once('response', (found) => {
      looking.lap('first_byte');
      headers = found;
    });
    stream.on('trailers', (found: IncomingHttpHeaders) => {
      trailers = found;
    });
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > mostBytes) stream.close(constants.NGHTTP2_CANCEL);
      else chunks.push(chunk);
    });
    stream.once('error', reject);
    stream.once('end', () => {
      resolve({ status: Number(headers[':status'] ?? 0), headers, trailers, body: Buffer.concat(chunks) });
    });
    stream.end(encodeRequest(service));
  });
}

function factsOf({ status, headers, trailers, body }: Answer) {
  if (status !== 200) throw new Failure(`answered HTTP ${status}, which is not gRPC`);
  const code = Number(trailers['grpc-status'] ?? headers['grpc-status'] ?? Number.NaN);
  if (!Number.isInteger(code)) throw new Failure('answered without a gRPC status');
  if (code === 5) return { serving: false, health: 'SERVICE_UNKNOWN', grpc_status: code };
  if (code === 12) throw new Failure('has no health service (UNIMPLEMENTED)');
  if (code !== 0) {
    const words = cut(unescaped(String(trailers['grpc-message'] ?? headers['grpc-message'] ?? '')));
    throw new Failure(`answered ${grpcNames[code] ?? `status ${code}`}${words ? `: ${words}` : ''}`);
  }
  const health = read(body);
  return { serving: health === 'SERVING', health, grpc_status: code };
}

function read(body: Buffer): Health {
  try {
    return decodeResponse(body);
  } catch (thrown) {
    throw new Failure(`sent what is no answer of grpc.health.v1: ${messageOf(thrown)}`);
  }
}
