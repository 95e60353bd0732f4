import type { TlsCheck } from '../check-schema.ts';
import { dial } from './dial.ts';
import type { Looking } from './looking.ts';

/** Shakes hands, and looks at the certificate: chain, name and expiry. */
export async function look(check: TlsCheck, looking: Looking): Promise<void> {
  const { sight } = looking;
  const { host } = await looking.fill({ host: check.host });
  const port = check.port ?? 443;
  sight.subject = `TLS ${host}:${port}`;
  const { certificate } = await dial(
    { host, port, tls: { insecure: check.insecure, serverName: check.server_name } },
    looking,
  );
  sight.facts = { certificate, duration_ms: Math.round(looking.elapsed()) };
}
