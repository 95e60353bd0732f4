import type { Socket } from 'node:net';
import type { TcpCheck } from '../check-schema.ts';
import type { Criterion } from '../criteria-schema.ts';
import { dial } from './dial.ts';
import { Failure, type Looking } from './looking.ts';
import { asTrouble } from './trouble.ts';
import { beginning, head, hostAndPort, listed, quote } from './words.ts';

const mostBytes = 65_536;
const shownCharacters = 4_096;

/**
 * Connects, says what the check says, and listens until everything that it asks for has come. With neither something to
 * send nor something to hear, a connection is all.
 */
export async function look(check: TcpCheck, looking: Looking): Promise<void> {
  const { sight } = looking;
  const { host, send, serverName, wanted } = await looking.fill({
    host: check.host,
    send: check.send,
    serverName: check.server_name,
    wanted: wantedOf(check),
  });
  sight.subject = `${check.tls ? 'TLS' : 'TCP'} ${hostAndPort(host, check.port)}`;
  const { socket } = await dial(
    {
      host,
      port: check.port,
      tls: check.tls ? { insecure: check.insecure, serverName } : undefined,
    },
    looking,
  );
  sight.facts = { ...sight.facts, connected: true, received: '', received_bytes: 0, duration_ms: 0 };
  if (send !== undefined) socket.write(send);
  const listens = wanted.length > 0 || send !== undefined || check.expect !== undefined;
  const received = listens ? await listen(socket, wanted, looking) : '';
  sight.text = received;
  if (listens) sight.saw = received;
  Object.assign(sight.facts, {
    received: head(received, shownCharacters),
    received_bytes: Buffer.byteLength(received),
    duration_ms: Math.round(looking.elapsed()),
  });
}

function wantedOf({ success_criteria: criteria = [] }: TcpCheck): readonly string[] {
  return (criteria as readonly Criterion[]).flatMap((criterion) =>
    'received_contains' in criterion ? criterion.received_contains : [],
  );
}

/** Everything that came until the wanted parts were in it; where none is named, the first that came. */
function listen(socket: Socket, wanted: readonly string[], looking: Looking): Promise<string> {
  const { sight } = looking;
  const named = wanted.length > 0 ? listed(wanted.map(quote)) : 'a word of the other side';
  sight.stage = named;
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      if (bytes === 0) looking.lap('first_byte');
      chunks.push(chunk);
      bytes += chunk.length;
      const text = Buffer.concat(chunks).toString();
      sight.saw = text;
      if (wanted.every((part) => text.includes(part))) resolve(text);
      else if (bytes > mostBytes) reject(new Failure(`sent over ${mostBytes} bytes without ${named}`));
      else sight.stage = `${named} (${beginning(text)})`;
    });
    socket.once('error', (error) => reject(asTrouble(error, socket.remoteAddress ?? 'the other side')));
    socket.once('close', () => {
      const came = bytes === 0 ? 'a word' : `${named} came (${beginning(Buffer.concat(chunks).toString())})`;
      reject(new Failure(`had the connection closed before ${came}`));
    });
  });
}
