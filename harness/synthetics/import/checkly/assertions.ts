import { isObject, type JsonObject } from '../../../checks/json.ts';
import type { Criterion } from '../../criteria-schema.ts';
import { pointerOfPath } from '../../export/json-path.ts';
import type { Ledger } from '../../export/ledger.ts';

type Read = (assertion: JsonObject) => Criterion | undefined;

const number = (said: unknown) => (/^-?[0-9]+(\.[0-9]+)?$/.test(String(said)) ? Number(said) : undefined);

const readers: Readonly<Record<string, Read>> = {
  RESPONSE_TIME: (assertion) => {
    const comparison = comparisonOf(assertion);
    return comparison === undefined ? undefined : { response_time_ms: comparison };
  },
  CERTIFICATE: (assertion) => {
    const comparison = assertion['property'] === 'daysUntilExpiry' ? comparisonOf(assertion) : undefined;
    return comparison === undefined ? undefined : { certificate_days: comparison };
  },
  TEXT_BODY: ({ comparison, target, property }) => {
    if (property || !target) return undefined;
    if (comparison === 'CONTAINS') return { body_contains: String(target) };
    return comparison === 'NOT_CONTAINS' ? { body_not_contains: String(target) } : undefined;
  },
  JSON_BODY: ({ comparison, target, property }) => {
    const pointer = pointerOfPath(String(property || '$'));
    if (pointer === undefined) return undefined;
    if (comparison === 'IS_NULL') return { body_json: { [pointer]: null } };
    return comparison === 'EQUALS' ? { body_json: { [pointer]: typed(String(target)) } } : undefined;
  },
  HEADERS: ({ comparison, target, property, regex }) =>
    comparison === 'CONTAINS' && property && !regex
      ? { headers_contain: { [String(property)]: String(target) } }
      : undefined,
  RESPONSE_DATA: ({ comparison, target }) =>
    comparison === 'CONTAINS' && target ? { received_contains: String(target) } : undefined,
  TEXT_ANSWER: ({ comparison, target, regex }) =>
    comparison === 'CONTAINS' && target && !regex ? { answers_contain: String(target) } : undefined,
  GRPC_HEALTHCHECK_STATUS: ({ comparison, target }) =>
    String(target) === '1' && comparison === 'NOT_EQUALS' ? { serving: false } : undefined,
};

function comparisonOf({ comparison, target }: JsonObject): string | undefined {
  const bound = number(target);
  if (bound === -1 && comparison === 'GREATER_THAN') return '>=0';
  const operator = { LESS_THAN: '<', GREATER_THAN: '>', EQUALS: '==' }[String(comparison)];
  return bound === undefined || bound < 0 || operator === undefined ? undefined : `${operator}${bound}`;
}

/** Checkly keeps texts only: what looks like a number or a truth value is one. */
function typed(target: string): unknown {
  if (target === 'true' || target === 'false') return target === 'true';
  const value = Number(target);
  return Number.isFinite(value) && String(value) === target ? value : target;
}

/** Assertions that say what our own probes hold to anyway. */
function isUsual({ source, comparison, target }: JsonObject): boolean {
  if (source === 'RESPONSE_CODE') return comparison === 'EQUALS' && target === 'NOERROR';
  return source === 'GRPC_HEALTHCHECK_STATUS' && comparison === 'EQUALS' && String(target) === '1';
}

/** The criteria that assertions are; others become losses. */
export function criteriaFrom(request: Ledger<JsonObject>): Criterion[] {
  const said = request.take('assertions');
  const assertions = (Array.isArray(said) ? said : []).filter(isObject);
  const status = statusFrom(assertions.filter(({ source }) => source === 'STATUS_CODE'));
  const others = assertions.flatMap((assertion, index) => {
    const { source } = assertion;
    if (isUsual(assertion) || (source === 'STATUS_CODE' && status)) return [];
    const criterion = readers[String(source)]?.(assertion);
    if (criterion) return [criterion];
    request.lose(`assertions.${index}`, assertion, 'we have no criterion for it');
    return [];
  });
  return [...(status ?? []), ...others];
}

/** States that all assertions allow; none for those that are a success, undefined for what is no list of states. */
function statusFrom(assertions: readonly JsonObject[]): Criterion[] | undefined {
  if (assertions.length === 0) return [];
  let codes = Array.from({ length: 500 }, (_, index) => index + 100);
  for (const { comparison, target } of assertions) {
    const bound = number(target);
    if (bound === undefined) return undefined;
    if (comparison === 'EQUALS') codes = codes.filter((code) => code === bound);
    else if (comparison === 'NOT_EQUALS') codes = codes.filter((code) => code !== bound);
    else if (comparison === 'LESS_THAN') codes = codes.filter((code) => code < bound);
    else if (comparison === 'GREATER_THAN') codes = codes.filter((code) => code > bound);
    else return undefined;
  }
  const [first, last] = [codes[0], codes.at(-1)];
  if (first === undefined) return undefined;
  if (codes.length === 100 && first === 200 && last === 299) return [];
  return [{ status_code: codes.length === 1 ? first : codes }];
}
