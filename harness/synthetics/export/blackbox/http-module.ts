import type { CheckOf } from '../../definition.ts';
import { type Translations, translateCriteria } from '../criteria.ts';
import type { Ledger } from '../ledger.ts';
import { sentBody } from '../sent-body.ts';
import { plain, secretsIn } from '../templates.ts';
import { noSecrets, type Part } from './criteria.ts';
import { headersOf, inClear } from './headers.ts';
import { address, type Probe, type Surroundings, tlsConfig } from './module.ts';

export function httpModule(
  ledger: Ledger<CheckOf<'http'>>,
  around: Surroundings,
  translations: (cel: boolean, follows: boolean) => Translations<Part>,
): Probe | undefined {
  const steps = ledger.take('steps');
  const target = ledger.take('url');
  if (steps) {
    ledger.lose(
      'steps',
      steps,
      'a module is one request, and the others would go unseen: the check is left out',
    );
    return undefined;
  }
  if (secretsIn(target).length > 0) {
    ledger.lose('url', target, 'the address of a target is no secret in Prometheus: the check is left out');
    return undefined;
  }
  const follows = redirects(ledger);
  const limit = ledger.take('max_bytes');
  const module = {
    ...address,
    ...requestOf(ledger, around),
    follow_redirects: follows,
    ...(limit === undefined ? {} : { body_size_limit: `${limit}B` }),
    ...tlsConfig(ledger),
  };
  const parts = translateCriteria(
    ledger,
    translations(around.cel, follows),
    'blackbox_exporter has nothing like it',
    noSecrets,
  );
  return {
    prober: 'http',
    module: { ...module, ...codesOf(ledger, parts), ...judgements(parts) },
    target,
    parts,
  };
}

function requestOf(ledger: Ledger<CheckOf<'http'>>, around: Surroundings): object {
  const method = ledger.take('method');
  const { body, headers: given, field } = sentBody(ledger);
  const { headers, authorization } = headersOf(ledger, given, around);
  const secret = body !== undefined && secretsIn(body).length > 0;
  if (secret) ledger.lose(field, body, inClear);
  return {
    ...(method === undefined ? {} : { method }),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(authorization === undefined ? {} : { authorization }),
    ...(body === undefined || secret ? {} : { body: plain(body) }),
  };
}

function redirects(ledger: Ledger<CheckOf<'http'>>): boolean {
  const follow = ledger.take('follow') ?? 0;
  const toPrivate = ledger.take('follow_to_private');
  if (follow === 0) return false;
  if (follow !== 10) ledger.lose('follow', follow, 'the exporter follows none, or up to ten', 10);
  if (!toPrivate) ledger.lose('follow_to_private', 'false', 'the exporter follows to any address', 'true');
  return true;
}

/** The exporter takes one list; what several lists of ours allow is what is in all of them. */
function codesOf(ledger: Pick<Ledger<object>, 'lose'>, parts: readonly Part[]): object {
  const [first, ...others] = parts.flatMap((part) => (part.codes ? [part.codes] : []));
  if (!first) return {};
  const allowed = first.filter((code) => others.every((list) => list.includes(code)));
  if (allowed.length > 0) return { valid_status_codes: allowed };
  ledger.lose('success_criteria', [first, ...others], 'no status is in all of these lists', first);
  return { valid_status_codes: first };
}

function judgements(parts: readonly Part[]): object {
  const matching = parts.flatMap((part) => part.matching ?? []);
  const notMatching = parts.flatMap((part) => part.notMatching ?? []);
  const headers = parts.flatMap((part) => part.header ?? []);
  const cel = parts.flatMap((part) => part.cel ?? []);
  return {
    ...(matching.length > 0 ? { fail_if_body_not_matches_regexp: matching } : {}),
    ...(notMatching.length > 0 ? { fail_if_body_matches_regexp: notMatching } : {}),
    ...(headers.length > 0 ? { fail_if_header_not_matches: headers } : {}),
    ...(cel.length > 0 ? { fail_if_body_json_not_matches_cel: cel.join(' && ') } : {}),
  };
}
