import { checkServerIdentity, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { Failure } from './looking.ts';
import { showDay } from './words.ts';

export interface CertificateFacts {
  /** Is its chain trusted, and in time? */
  trusted: boolean;
  /** Is it for the name that was asked for? */
  name_matches: boolean;
  /** Whole days until the first certificate of the chain expires; negative when one has. */
  days_left: number;
  /** RFC 3339; when that one expires. */
  not_after: string;
  subject: string;
  issuer: string;
  /** From the server's own certificate up: how many were seen. */
  chain_length: number;
  protocol: string;
  /** Why it is not trusted, else empty. */
  problem: string;
}

const dayMs = 86_400_000;

const problems: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its chain ends in a certificate that nobody here trusts',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its chain is not whole, or nobody here trusts its issuer',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'nobody here trusts its issuer',
  UNABLE_TO_GET_ISSUER_CERT: 'nobody here trusts its issuer',
  CERT_NOT_YET_VALID: 'it is not yet valid',
  CERT_REVOKED: 'it was revoked',
  CERT_UNTRUSTED: 'nobody here trusts its issuer',
};

/** Facts of the certificate of a connection, whether it may be trusted or not. */
export function certificateOf(socket: TLSSocket, host: string, now: Date): CertificateFacts {
  const own = socket.getPeerCertificate(true);
  const chain = chainOf(own);
  const first = chain.reduce((least, each) => (expiry(each) < expiry(least) ? each : least), own);
  const wrongName = checkServerIdentity(host, own) !== undefined;
  const code = codeOf(socket);
  // Node.js asks for the name in the same breath: a chain is trusted whosever it is.
  const trusted = socket.authorized || code === 'ERR_TLS_CERT_ALTNAME_INVALID';
  return {
    trusted,
    name_matches: !wrongName,
    days_left: Math.floor((expiry(first) - now.getTime()) / dayMs),
    not_after: new Date(expiry(first)).toISOString(),
    subject: nameOf(own.subject) || own.subjectaltname || '',
    issuer: nameOf(own.issuer),
    chain_length: chain.length,
    protocol: socket.getProtocol() ?? '',
    problem: trusted ? '' : (problems[code] ?? code),
  };
}

/** Without a root that signed itself: when that one expires is the affair of whoever trusts it. */
function chainOf(own: DetailedPeerCertificate): DetailedPeerCertificate[] {
  const chain = [own];
  for (let at = own; chain.length < 10; ) {
    const above = at.issuerCertificate;
    if (!above || above.fingerprint256 === at.fingerprint256) break;
    if (above.issuerCertificate?.fingerprint256 === above.fingerprint256) break;
    chain.push(above);
    at = above;
  }
  return chain;
}

const expiry = (certificate: DetailedPeerCertificate) => Date.parse(certificate.valid_to);

function codeOf({ authorizationError }: TLSSocket): string {
  const error: unknown = authorizationError;
  if (error instanceof Error) return (error as NodeJS.ErrnoException).code ?? error.message;
  return typeof error === 'string' ? error : '';
}

function nameOf(name: DetailedPeerCertificate['subject'] | undefined): string {
  const text = name?.CN ?? name?.O ?? '';
  return Array.isArray(text) ? text.join(', ') : text;
}

/** Throws Failure for a certificate that a browser would not take. */
export function refuseBadCertificate(facts: CertificateFacts, host: string): void {
  if (facts.days_left < 0) {
    throw new Failure(
      `was given a certificate for ${host} that expired ${-facts.days_left} days ago, on ${showDay(new Date(facts.not_after))}`,
    );
  }
  if (!facts.trusted)
    throw new Failure(`was given a certificate for ${host} that can not be trusted: ${facts.problem}`);
  if (!facts.name_matches) {
    throw new Failure(`was given a certificate for ${facts.subject || 'another name'} and not for ${host}`);
  }
}
