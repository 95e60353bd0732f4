import type { ProbeType } from '../../criteria-schema.ts';
import type { CheckOf } from '../../definition.ts';
import { asList, translateCriteria } from '../criteria.ts';
import type { Ledger } from '../ledger.ts';
import { plain, secretsIn } from '../templates.ts';
import { httpTranslations, noSecrets, type Part, timed } from './criteria.ts';
import { quoted } from './expressions.ts';
import { httpModule } from './http-module.ts';
import { websocketModule } from './websocket-module.ts';

/** A check in three parts: the module, what the module is asked about, and what only PromQL can judge. */
export interface Probe {
  prober: 'http' | 'tcp' | 'dns' | 'grpc' | 'websocket';
  module: Record<string, unknown>;
  target: string;
  parts: readonly Part[];
}

export interface Surroundings {
  /** What the exporter can do. */
  cel: boolean;
  websocket: boolean;
  nameServer: string;
  secretsFolder: string;
}

type Translate<T extends ProbeType> = (ledger: Ledger<CheckOf<T>>, around: Surroundings) => Probe | undefined;

const cannot = 'blackbox_exporter has nothing like it';

/** Undefined, after a loss, where the exporter can't probe it at all. */
export const probes: { [T in ProbeType]?: Translate<T> } = {
  http: (ledger, around) => httpModule(ledger, around, httpTranslations),
  websocket: websocketModule,
  tcp(ledger) {
    const tls = ledger.take('tls');
    const received: string[] = [];
    const parts = translateCriteria<Part>(
      ledger,
      {
        ...timed,
        received_contains: (said, lose) => {
          for (const text of asList<string>(said)) {
            if (/[\r\n]/.test(text)) lose('the exporter reads line by line');
            else received.push(quoted(text));
          }
          return [];
        },
      },
      cannot,
      noSecrets,
    );
    const conversation = [...sent(ledger), ...received.map((expect) => ({ expect }))];
    const module = {
      ...address,
      ...(conversation.length > 0 ? { query_response: conversation } : {}),
      ...(tls ? { tls: true, ...tlsConfig(ledger) } : {}),
    };
    return { prober: 'tcp', module, target: `${ledger.take('host')}:${ledger.take('port')}`, parts };
  },
  tls(ledger) {
    const target = `${ledger.take('host')}:${ledger.take('port') ?? 443}`;
    const parts = translateCriteria(ledger, timed, cannot);
    return { prober: 'tcp', module: { ...address, tls: true, ...tlsConfig(ledger) }, target, parts };
  },
  grpc(ledger) {
    const service = ledger.take('service');
    const tls = ledger.take('tls');
    const parts = translateCriteria<Part>(
      ledger,
      {
        ...timed,
        serving: (said, lose) => {
          if (!said) lose('the exporter fails unless the service is serving');
          return [];
        },
      },
      cannot,
      noSecrets,
    );
    const module = {
      ...address,
      ...(service === undefined ? {} : { service }),
      ...(tls ? { tls: true, ...tlsConfig(ledger) } : {}),
    };
    return { prober: 'grpc', module, target: `${ledger.take('host')}:${ledger.take('port')}`, parts };
  },
  dns(ledger, { nameServer }) {
    const server = ledger.take('server') ?? nameServer;
    const host = ledger.take('host');
    if (server === '') {
      ledger.lose(
        'server',
        'that of the system',
        'the exporter asks a named server only: the check is left out; give --set name-server=ADDRESS',
      );
      return undefined;
    }
    const record = ledger.take('record') ?? 'A';
    const { parts, validate } = answersOf(ledger, record);
    const module = { ...address, query_name: host, query_type: record, validate_answer_rrs: validate };
    return { prober: 'dns', module, target: server, parts };
  },
};

/** The exporter prefers IPv6 where nothing is said, and does not try the other. */
export const address = { preferred_ip_protocol: 'ip4' } as const;

export function tlsConfig(ledger: Ledger<{ insecure?: boolean; server_name?: string }>): object {
  const insecure = ledger.take('insecure');
  const name = ledger.take('server_name');
  const config = {
    ...(insecure ? { insecure_skip_verify: true } : {}),
    ...(name === undefined ? {} : { server_name: name }),
  };
  return Object.keys(config).length > 0 ? { tls_config: config } : {};
}

function sent(ledger: Ledger<CheckOf<'tcp'>>): { send: string }[] {
  const send = ledger.take('send');
  if (send === undefined) return [];
  if (secretsIn(send).length > 0) {
    ledger.lose('send', send, noSecrets);
    return [];
  }
  if (!send.endsWith('\n'))
    ledger.lose('send', send, 'the exporter ends what it sends with a line feed', `${send}\n`);
  return [{ send: plain(send).replace(/\n$/, '') }];
}

const named = new Set(['CNAME', 'NS', 'PTR']);

function answersOf(ledger: Ledger<CheckOf<'dns'>>, record: string) {
  const ends = (answer: string) => `\\s${record}\\s+${quoted(answer)}${named.has(record) ? '\\.?' : ''}$`;
  const reads = named.has(record) || record === 'A' || record === 'AAAA';
  const some: string[] = [];
  const all: string[] = [];
  const parts = translateCriteria<Part>(
    ledger,
    {
      response_time_ms: timed.response_time_ms,
      ...(reads
        ? {
            answers_contain: (said) => {
              some.push(...asList<string>(said).map(ends));
              return [];
            },
            answers_equal: (said) => {
              some.push(...said.map(ends));
              all.push(`${record === 'CNAME' ? '' : '\\sCNAME\\s|'}${said.map(ends).join('|')}`);
              return [];
            },
          }
        : {}),
    },
    reads ? cannot : `the exporter shows records of type ${record} in words of its own`,
    noSecrets,
  );
  const validate = {
    fail_if_none_matches_regexp: some.length > 0 ? some : ['.'],
    ...(all.length > 0 ? { fail_if_not_matches_regexp: all } : {}),
  };
  return { parts, validate };
}
