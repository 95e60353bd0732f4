import type { Criterion } from '../../criteria-schema.ts';
import { textOf as quotedText } from '../../export/blackbox/expressions.ts';
import { asLiteral } from '../../export/templates.ts';
import { listOf, mapsOf, textOf, textsOf } from '../read-text.ts';
import { bodyOf } from '../request.ts';
import { authorizationOf, criteriaOf, type ModuleLedger, type OwnPart, tlsOf } from './module.ts';
import { fromCel, inJavaScript, textIgnoringCase } from './regular.ts';

export function readHttpModule(ledger: ModuleLedger, target: string): OwnPart {
  const method = textOf(ledger.take('method'));
  const given = Object.entries(textsOf(ledger.take('headers'))).map(([name, value]) => [
    name,
    asLiteral(value),
  ]);
  const headers = { ...Object.fromEntries(given), ...authorizationOf(ledger) };
  const body = textOf(ledger.take('body'));
  const follows = ledger.take('follow_redirects') !== false;
  if (ledger.take('fail_if_not_ssl') === true && !target.startsWith('https:'))
    ledger.lose('fail_if_not_ssl', 'true', 'our check does not judge what redirects lead to');
  return {
    ...(method === undefined ? {} : { method }),
    url: asLiteral(target),
    ...bodyOf(body === undefined ? undefined : asLiteral(body), headers),
    ...(follows ? { follow: 10, follow_to_private: true } : {}),
    ...limitOf(ledger),
    ...tlsOf(ledger),
    ...criteriaOf(httpCriteria(ledger)),
  };
}

function httpCriteria(ledger: ModuleLedger): Criterion[] {
  const codes = listOf(ledger.take('valid_status_codes')).map(Number);
  return [
    ...(codes.length > 0 ? [{ status_code: codes.length === 1 ? (codes[0] ?? 200) : codes }] : []),
    ...matching(ledger),
    ...notMatching(ledger),
    ...headersIn(ledger),
    ...celIn(ledger),
  ];
}

function matching(ledger: ModuleLedger): Criterion[] {
  return listOf(ledger.take('fail_if_body_not_matches_regexp'))
    .map(String)
    .flatMap<Criterion>((expression) => {
      const text = quotedText(expression);
      if (text !== undefined) return [{ body_contains: asLiteral(text) }];
      const own = inJavaScript(expression);
      if (own === undefined)
        ledger.lose('fail_if_body_not_matches_regexp', expression, 'JavaScript has no such expression');
      return own === undefined ? [] : [{ body_matches: asLiteral(own) }];
    });
}

function notMatching(ledger: ModuleLedger): Criterion[] {
  return listOf(ledger.take('fail_if_body_matches_regexp'))
    .map(String)
    .flatMap((expression) => {
      const text = quotedText(expression);
      if (text === undefined)
        ledger.lose(
          'fail_if_body_matches_regexp',
          expression,
          'our criteria have texts that must not be there, and no expressions',
        );
      return text === undefined ? [] : [{ body_not_contains: asLiteral(text) }];
    });
}

function headersIn(ledger: ModuleLedger): Criterion[] {
  return mapsOf(ledger.take('fail_if_header_not_matches')).flatMap((said) => {
    const { header, regexp, allow_missing: mayMiss } = said;
    const text = mayMiss === true ? undefined : textIgnoringCase(String(regexp));
    if (text === undefined) {
      ledger.lose(
        'fail_if_header_not_matches',
        said,
        'our criteria look for a text in a header that is there',
      );
      return [];
    }
    if (!String(regexp).startsWith('(?i)'))
      ledger.lose(
        'fail_if_header_not_matches',
        said,
        'our criteria do not tell capital letters from small ones there',
        `headers_contain: ${text}`,
      );
    return [{ headers_contain: { [String(header)]: asLiteral(text) } }];
  });
}

function celIn(ledger: ModuleLedger): Criterion[] {
  const said = textOf(ledger.take('fail_if_body_json_not_matches_cel'));
  if (said === undefined) return [];
  const criteria = fromCel(said);
  if (!criteria)
    ledger.lose('fail_if_body_json_not_matches_cel', said, 'our criteria compare values, and nothing else');
  return criteria ?? [];
}

const units: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  KiB: 1024,
  MB: 1_048_576,
  MiB: 1_048_576,
  GB: 1_073_741_824,
};
const mostBytes = 67_108_864;

function limitOf(ledger: ModuleLedger): { max_bytes?: number } {
  const said = ledger.take('body_size_limit');
  const [, count, unit = 'B'] = /^(\d+)([KMG]?i?B)?$/.exec(String(said ?? '')) ?? [];
  const bytes = Number(count) * (units[unit] ?? Number.NaN);
  if (said === undefined || bytes === 0) return {};
  if (bytes > 0 && bytes <= mostBytes) return { max_bytes: bytes };
  ledger.lose('body_size_limit', said, 'our probe reads 64 MiB at most', mostBytes);
  return { max_bytes: mostBytes };
}
