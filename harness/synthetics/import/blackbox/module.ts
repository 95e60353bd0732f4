import { basename } from 'node:path';
import type { JsonObject } from '../../../checks/json.ts';
import type { Criterion } from '../../criteria-schema.ts';
import { textOf as quotedText } from '../../export/blackbox/expressions.ts';
import type { Ledger } from '../../export/ledger.ts';
import { asLiteral } from '../../export/templates.ts';
import { listOf, mapOf, mapsOf, textOf } from '../read-text.ts';
import { exactJson, hostOf } from '../request.ts';
import { readHttpModule } from './http-module.ts';

export type ModuleLedger = Ledger<JsonObject>;
export type OwnPart = { success_criteria?: Criterion[] } & Record<string, unknown>;

const readers: Readonly<Record<string, (ledger: ModuleLedger, target: string) => OwnPart>> = {
  http: readHttpModule,
  tcp: readTcp,
  dns: readDns,
  grpc: readGrpc,
  websocket: readWebSocket,
};

/** What a module asks of a target, in our words; undefined, after a loss, for a prober that we have not. */
export function readModule(module: ModuleLedger, target: string): OwnPart | undefined {
  const prober = textOf(module.take('prober')) ?? '';
  const reader = readers[prober];
  if (!reader) {
    module.lose('prober', prober, 'our probe has nothing like it: the target is left out');
    return undefined;
  }
  const ledger = module.inside(prober, mapOf(module.take(prober)));
  if ((ledger.take('preferred_ip_protocol') ?? 'ip6') !== 'ip4')
    ledger.lose(
      'preferred_ip_protocol',
      'ip6',
      'our probe takes the address that the system prefers',
      'either',
    );
  if (ledger.take('ip_protocol_fallback') === false)
    ledger.lose('ip_protocol_fallback', 'false', 'our probe takes any address', 'true');
  const own = reader(ledger, target);
  ledger.rest('our probe has nothing like it');
  return own;
}

export function tlsOf(ledger: ModuleLedger): { insecure?: true; server_name?: string } {
  const config = ledger.inside('tls_config', mapOf(ledger.take('tls_config')));
  const insecure = config.take('insecure_skip_verify') === true;
  const name = textOf(config.take('server_name'));
  config.rest('our probe has nothing like it');
  return { ...(insecure ? { insecure: true } : {}), ...(name === undefined ? {} : { server_name: name }) };
}

/** A header with a secret from a file; a secret in plain text gets a name, and is not repeated. */
export function authorizationOf(ledger: ModuleLedger): Record<string, string> {
  const said = ledger.take('authorization');
  const bearer = textOf(ledger.take('bearer_token_file'));
  if (bearer !== undefined) return { Authorization: `Bearer \${secret.${secretName(bearer)}}` };
  if (said === undefined) return {};
  const { type = 'Bearer', credentials_file: file } = mapOf(said);
  if (typeof file === 'string') return { Authorization: `${String(type)} \${secret.${secretName(file)}}` };
  ledger.lose(
    'authorization.credentials',
    'a text',
    'a secret stands in the file by its name only',
    'AUTHORIZATION',
  );
  return { Authorization: `${String(type)} \${secret.AUTHORIZATION}` };
}

function secretName(file: string): string {
  const name = basename(file).replaceAll(/[^A-Za-z0-9_-]/g, '_');
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
}

/** The one criterion, where there is any. */
export function criteriaOf(criteria: readonly Criterion[]): { success_criteria?: Criterion[] } {
  return criteria.length > 0 ? { success_criteria: [...criteria] } : {};
}

function readTcp(ledger: ModuleLedger, target: string): OwnPart {
  const steps = mapsOf(ledger.take('query_response'));
  const tls = ledger.take('tls') === true;
  const tlsOptions = tlsOf(ledger);
  const criteria: Criterion[] = [];
  let send: string | undefined;
  for (const [index, step] of steps.entries()) {
    const own = ledger.inside(`query_response.${index}`, step);
    const [sent, expected] = [textOf(own.take('send')), textOf(own.take('expect'))];
    if (sent !== undefined && (index > 0 || expected !== undefined))
      own.lose('send', sent, 'our check sends once, and first');
    else if (sent !== undefined) send = `${asLiteral(sent)}\n`;
    const text = expected === undefined ? undefined : quotedText(expected);
    if (text !== undefined) criteria.push({ received_contains: asLiteral(text) });
    else if (expected !== undefined)
      own.lose('expect', expected, 'our check looks for texts, and not for expressions');
    own.rest('our check has nothing like it');
  }
  if (tls && steps.length === 0) return { type: 'tls', ...hostOf(target), ...tlsOptions };
  return {
    type: 'tcp',
    ...hostOf(target),
    ...(send === undefined ? {} : { send }),
    ...(tls ? { tls: true, ...tlsOptions } : {}),
    ...criteriaOf(criteria),
  };
}

function readGrpc(ledger: ModuleLedger, target: string): OwnPart {
  const service = textOf(ledger.take('service'));
  const tls = ledger.take('tls') === true;
  const options = tlsOf(ledger);
  return {
    type: 'grpc',
    ...hostOf(target),
    ...(service === undefined || service === '' ? {} : { service }),
    ...(tls ? { tls: true, ...options } : {}),
  };
}

function readDns(ledger: ModuleLedger, target: string): OwnPart {
  const record = textOf(ledger.take('query_type')) ?? 'ANY';
  const rules = ledger.inside('validate_answer_rrs', mapOf(ledger.take('validate_answer_rrs')));
  const some = listOf(rules.take('fail_if_none_matches_regexp')).map(String);
  const all = listOf(rules.take('fail_if_not_matches_regexp')).map(String);
  const answers = some.filter((each) => each !== '.').map((each) => answerOf(each, record));
  const known = answers.every((answer) => answer !== undefined);
  if (!known) rules.lose('fail_if_none_matches_regexp', some, 'our check compares answers as they are');
  const equal =
    all.length > 0 && known && answers.every((answer) => all.every((each) => each.includes(answer ?? '')));
  if (all.length > 0 && !equal)
    rules.lose('fail_if_not_matches_regexp', all, 'our check compares answers as they are');
  if (some.length === 0)
    ledger.lose(
      'validate_answer_rrs',
      'nothing',
      'our probe fails when there is no answer',
      'at least one answer',
    );
  rules.rest('our check has nothing like it');
  const texts = known ? answers.filter((answer) => answer !== undefined) : [];
  return {
    type: 'dns',
    host: textOf(ledger.take('query_name')) ?? '',
    record,
    server: target,
    ...criteriaOf(texts.length === 0 ? [] : [equal ? { answers_equal: texts } : { answers_contain: texts }]),
  };
}

/** The answer in `\sA\s+10\.0\.0\.1$`. */
function answerOf(expression: string, record: string): string | undefined {
  const start = `\\s${record}\\s+`;
  if (!expression.startsWith(start) || !expression.endsWith('$')) return undefined;
  return quotedText(expression.slice(start.length, -1).replace(/\\\.\?$/, ''));
}

function readWebSocket(ledger: ModuleLedger, target: string): OwnPart {
  const client = ledger.inside('http_config', mapOf(ledger.take('http_config')));
  const headers = authorizationOf(client);
  const options = tlsOf(client);
  client.rest('our probe has nothing like it');
  const turns = mapsOf(ledger.take('query_response')).flatMap((step, index) => {
    const own = ledger.inside(`query_response.${index}`, step);
    const [expected, sent] = [textOf(own.take('expect')), textOf(own.take('send'))];
    own.rest('our check has nothing like it');
    const text = expected === undefined ? undefined : quotedText(expected);
    if (expected !== undefined && text === undefined)
      own.lose('expect', expected, 'our check looks for texts, and not for expressions');
    return [
      ...(expected === undefined
        ? []
        : [{ expect: text === undefined ? {} : { contains: asLiteral(text) } }]),
      ...(sent === undefined ? [] : [{ send: asMessage(sent) }]),
    ];
  });
  return {
    type: 'websocket',
    url: target,
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(turns.length > 0 ? { conversation: turns } : {}),
    ...options,
  };
}

function asMessage(sent: string): string | { json: unknown } {
  const json = exactJson(sent);
  return typeof json === 'object' && json !== null ? { json } : asLiteral(sent);
}
