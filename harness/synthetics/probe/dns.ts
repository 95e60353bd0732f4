import type { CaaRecord } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { CountersignError } from '../../errors.ts';
import type { DnsCheck } from '../check-schema.ts';
import { Failure, type Looking } from './looking.ts';
import { asTrouble, codeOf } from './trouble.ts';

type Record = NonNullable<DnsCheck['record']>;

/** Asks a name server, the system's or the one that the check names, and nobody's hosts file. */
export async function look(check: DnsCheck, looking: Looking): Promise<void> {
  const { sight } = looking;
  const { host, server } = await looking.fill({ host: check.host, server: check.server });
  const record = check.record ?? 'A';
  const at = server === undefined ? '' : ` at ${server}`;
  sight.subject = `DNS ${record} ${host}${at}`;
  sight.stage = `the answer of ${server ?? 'the name server of this machine'}`;
  const resolver = resolverFor(server, looking);
  const letGo = looking.ending.onEnd(() => resolver.cancel());
  looking.skip();
  try {
    const answers = (await ask(resolver, host, record)).sort();
    looking.lap('dns');
    sight.facts = { answers, duration_ms: Math.round(looking.elapsed()) };
    sight.saw = answers.join('\n');
  } catch (thrown) {
    throw explain(thrown, { host, record, server });
  } finally {
    letGo();
  }
}

function resolverFor(server: string | undefined, { timeoutMs }: Looking): Resolver {
  // Two questions within the time-out: a datagram may be lost.
  const resolver = new Resolver({ timeout: Math.max(1, Math.floor(timeoutMs / 3)), tries: 2 });
  if (server === undefined) return resolver;
  try {
    resolver.setServers([server]);
  } catch {
    throw new CountersignError('CONFIG_INVALID', `\`${server}\` is no address of a name server`, {
      hint: 'give an IP address, with or without a port',
    });
  }
  return resolver;
}

async function ask(resolver: Resolver, host: string, record: Record): Promise<string[]> {
  switch (record) {
    case 'A':
      return resolver.resolve4(host);
    case 'AAAA':
      return resolver.resolve6(host);
    case 'CNAME':
      return resolver.resolveCname(host);
    case 'NS':
      return resolver.resolveNs(host);
    case 'PTR':
      return isIP(host) ? resolver.reverse(host) : resolver.resolvePtr(host);
    case 'TXT':
      return (await resolver.resolveTxt(host)).map((parts) => parts.join(''));
    case 'MX':
      return (await resolver.resolveMx(host)).map(({ priority, exchange }) => `${priority} ${exchange}`);
    case 'SRV':
      return (await resolver.resolveSrv(host)).map(
        ({ priority, weight, port, name }) => `${priority} ${weight} ${port} ${name}`,
      );
    case 'CAA':
      return (await resolver.resolveCaa(host)).map(caaText);
  }
}

function caaText({ critical, ...tags }: CaaRecord): string {
  const [tag = '', value = ''] = Object.entries(tags).find(([name]) => name !== 'type') ?? [];
  return `${critical} ${tag} ${JSON.stringify(value)}`;
}

interface Question {
  host: string;
  record: Record;
  server: string | undefined;
}

function explain(thrown: unknown, { host, record, server }: Question): Failure | CountersignError {
  if (thrown instanceof CountersignError) return thrown;
  const code = codeOf(thrown);
  if (code === 'ENOTFOUND') return new Failure(`found that there is no name ${host}`);
  if (code === 'ENODATA') return new Failure(`found that ${host} has no ${record} record`);
  if (code === 'ESERVFAIL')
    return new Failure(`got SERVFAIL: the name servers of ${host} do not answer as they should`);
  if (code === 'EREFUSED') return new Failure('was refused by the name server');
  if (!['ETIMEOUT', 'ECONNREFUSED'].includes(code)) return asTrouble(thrown, server ?? host);
  const silence = code === 'ETIMEOUT' ? 'did not answer' : 'does not listen';
  if (server !== undefined) return new Failure(`got no answer: the name server ${server} ${silence}`);
  return new CountersignError('SOURCE_UNREACHABLE', `the name server of this machine ${silence}`);
}
