import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { isPrivate } from './address.ts';
import { type CertificateFacts, certificateOf, refuseBadCertificate } from './certificate.ts';
import type { Address } from './context.ts';
import type { Ending } from './ending.ts';
import { systemLookUp, whyNotFound } from './find-host.ts';
import { Failure, type Looking } from './looking.ts';
import { asTrouble } from './trouble.ts';
import { hostAndPort } from './words.ts';

export interface Target {
  /** Name or address, without brackets. */
  host: string;
  port: number;
  tls?: { insecure?: boolean | undefined; serverName?: string | undefined; protocols?: string[] } | undefined;
  /** Refuse addresses that only somebody inside could mean? They are looked at when connecting, and only then. */
  publicOnly?: boolean;
}

export interface Dialed {
  socket: Socket | TLSSocket;
  /** The address that was reached. */
  address: string;
  certificate?: CertificateFacts;
  /** Lets it outlive the attempt: whoever calls this ends it. */
  letGo(): void;
}

/** One for all: each would hold its own copy of every root certificate. */
let secureContext: SecureContext | undefined;

/** Connects, and takes the time of each part. The caller destroys the socket, as the end of the attempt does. */
export async function dial(target: Target, looking: Looking): Promise<Dialed> {
  const where = hostAndPort(target.host, target.port);
  delete looking.sight.facts['certificate'];
  const { socket: plain, letGo } = await connectPlain(target, looking, where);
  const address = isIP(target.host) ? target.host : (plain.remoteAddress ?? '');
  if (!target.tls) return { socket: plain, address, letGo };
  // From here on the one around it ends it: destroyed on its own, it would take the process with it.
  letGo();
  const secured = await secure(plain, target, looking, where);
  return { ...secured, address, certificate: judgeCertificate(secured.socket, target, looking) };
}

/** Ends a connection that was used before with this attempt; its certificate is judged as of now. */
export function holdAgain(kept: Dialed, target: Target, looking: Looking): Dialed {
  const { socket, address } = kept;
  const letGo = destroyWith(socket, looking.ending);
  looking.skip();
  delete looking.sight.facts['certificate'];
  if (!(socket instanceof TLSSocket)) return { socket, address, letGo };
  return { socket, address, letGo, certificate: judgeCertificate(socket, target, looking) };
}

function judgeCertificate(socket: TLSSocket, { host, tls }: Target, looking: Looking): CertificateFacts {
  const name = tls?.serverName ?? host;
  const certificate = certificateOf(socket, name, looking.context.clock.now());
  looking.sight.facts['certificate'] = certificate;
  if (!tls?.insecure) refuseBadCertificate(certificate, name);
  return certificate;
}

interface Held<S> {
  socket: S;
  letGo(): void;
}

function connectPlain(target: Target, looking: Looking, where: string): Promise<Held<Socket>> {
  const { sight, ending } = looking;
  const { host, port } = target;
  const literal = isIP(host) !== 0;
  if (literal && target.publicOnly && isPrivate(host)) return Promise.reject(inside(host, host));
  sight.stage = `a connection to ${where}`;
  sight.findingHost = literal ? undefined : host;
  looking.skip();
  return new Promise((resolve, reject) => {
    const lookUp = looking.context.lookUp ?? systemLookUp;
    const socket = connect({
      host,
      port,
      noDelay: true,
      lookup: (name, options, answer) => {
        const done = answer as (error: Error | null, found: unknown, family?: number) => void;
        lookUp(name, (error, addresses) => {
          looking.lap('dns');
          sight.findingHost = undefined;
          const refused = error ? new NotFound(error) : refuse(target, addresses);
          const [first] = addresses;
          if (refused || !first) done(refused ?? new NotFound(noAddress()), '');
          else if (options.all) done(null, addresses);
          else done(null, first.address, first.family);
        });
      },
    });
    const stop = endWith(socket, ending);
    socket.once('error', (error) => {
      stop();
      if (error instanceof NotFound) whyNotFound(error.cause, host).then(reject, reject);
      else reject(asTrouble(error, where));
    });
    socket.once('close', stop);
    socket.once('connect', () => {
      looking.lap('connect');
      resolve({ socket, letGo: stop });
    });
  });
}

/** A wrapper, so that what looking up gave is told apart from what connecting gave. */
class NotFound extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

function noAddress(): Error {
  return Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
}

function refuse({ host, publicOnly }: Target, addresses: readonly Address[]): Failure | undefined {
  const bad = publicOnly ? addresses.find(({ address }) => isPrivate(address)) : undefined;
  return bad && inside(host, bad.address);
}

function inside(host: string, address: string): Failure {
  const what = host === address ? address : `${host} at ${address}`;
  return new Failure(
    `was redirected to ${what}, a private address, which is not followed (\`follow_to_private\`)`,
  );
}

function secure(
  plain: Socket,
  { host, tls }: Target,
  looking: Looking,
  where: string,
): Promise<Held<TLSSocket>> {
  const { sight, ending } = looking;
  sight.stage = `the TLS handshake of ${where}`;
  secureContext ??= createSecureContext();
  const name = tls?.serverName ?? host;
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      socket: plain,
      host: name,
      ...(isIP(name) ? {} : { servername: name }),
      secureContext: secureContext as SecureContext,
      // Judged below, so that even of a bad certificate the facts are told.
      rejectUnauthorized: false,
      ...(tls?.protocols ? { ALPNProtocols: tls.protocols } : {}),
    });
    const stop = endWith(socket, ending);
    socket.once('error', (error) => {
      stop();
      reject(asTrouble(error, where));
    });
    socket.once('close', stop);
    socket.once('secureConnect', () => {
      looking.lap('tls');
      resolve({ socket, letGo: stop });
    });
  });
}

/** Destroys the socket when the attempt ends; what that rejects is not heard, since the attempt itself tells why. */
function endWith(socket: Socket, ending: Ending): () => void {
  // What comes after somebody has stopped listening must not end the process.
  socket.on('error', () => {});
  return destroyWith(socket, ending);
}

function destroyWith(socket: Socket, ending: Ending): () => void {
  return ending.onEnd(() => void socket.destroy());
}
