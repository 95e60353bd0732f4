import type { TlsCheck } from '../check-schema.ts';
import { dial } from './dial.ts';
import type { Looking } from './looking.ts';
import { hostAndPort } from './words.ts';

/** Shakes hands, and looks at the certificate: chain, name and expiry. */
export async function look(check: TlsCheck, looking: Looking): Promise<void> {
  const { sight } = looking;
  const { host, serverName } = await looking.fill({ host: check.host, serverName: check.server_name });
  const port = check.port ?? 443;
  sight.subject = `TLS ${hostAndPort(host, port)}`;
  const { certificate } = await dial({ host, port, tls: { insecure: check.insecure, serverName } }, looking);
  sight.facts = { certificate, duration_ms: Math.round(looking.elapsed()) };
}
