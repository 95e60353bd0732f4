import { CountersignError, messageOf } from '../../errors.ts';
import { Failure } from './looking.ts';

/** What this machine lacks says nothing about what is probed. */
const ownLacks: Readonly<Record<string, string>> = {
  EMFILE: 'this process has no file handle left',
  ENFILE: 'this machine has no file handle left',
  ENOMEM: 'this machine has no memory left',
  ENOBUFS: 'this machine has no network buffer left',
  EADDRNOTAVAIL: 'this machine has no free port or no such address left',
  EACCES: 'this machine does not let us connect there',
  EPERM: 'this machine does not let us connect there',
  ENETDOWN: 'the network of this machine is down',
  ENETUNREACH: 'this machine has no route to that network',
  EAFNOSUPPORT: 'this machine does not speak that kind of address',
};

const endings: Readonly<Record<string, (where: string) => string>> = {
  ECONNREFUSED: (where) => `found nothing listening at ${where}`,
  EHOSTUNREACH: (where) => `could not reach ${where}: there is no such host in its network`,
  ETIMEDOUT: (where) => `got no connection to ${where}`,
  EPIPE: (where) => `had the connection closed by ${where} while it was still sending`,
  ECONNRESET: (where) => `had the connection closed early by ${where}`,
  ERR_HTTP2_ERROR: (where) => `got an answer from ${where} that is not HTTP/2`,
  HPE_HEADER_OVERFLOW: (where) => `got headers larger than 16 KiB from ${where}`,
  ERR_SSL_WRONG_VERSION_NUMBER: (where) => `was not answered in TLS; does ${where} speak TLS?`,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: (where) => `was not answered in TLS; does ${where} speak TLS?`,
};

/** The error that a socket, a name server or a parser gave, as what it means for whoever is on duty. */
export function asTrouble(thrown: unknown, where: string): Failure | CountersignError {
  if (thrown instanceof Failure || thrown instanceof CountersignError) return thrown;
  const error = firstOf(thrown);
  const code = codeOf(error);
  const lack = ownLacks[code];
  if (lack) {
    return new CountersignError('SYSTEM', `${lack} (${code}), so ${where} could not be probed`, {
      cause: thrown,
    });
  }
  const ending = endings[code];
  if (ending) return new Failure(ending(where), { cause: thrown });
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    return new Failure(`could not agree on TLS with ${where}: ${reasonOf(error)}`, { cause: thrown });
  }
  if (code.startsWith('HPE_')) {
    return new Failure(`got an answer from ${where} that is not HTTP (${code})`, { cause: thrown });
  }
  return new Failure(`failed at ${where}: ${messageOf(error)}`, { cause: thrown });
}

/** Where several addresses were tried: our own lack of, say, IPv6 tells less than what an address that was reached said. */
function firstOf(thrown: unknown): unknown {
  if (!(thrown instanceof AggregateError)) return thrown;
  return thrown.errors.find((error) => ownLacks[codeOf(error)] === undefined) ?? thrown.errors[0] ?? thrown;
}

export function codeOf(thrown: unknown): string {
  const { code } = (thrown ?? {}) as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}

function reasonOf(error: unknown): string {
  const { reason } = error as { reason?: string };
  return reason ?? messageOf(error);
}
