import { isObject, type JsonObject } from '../../../checks/json.ts';
import type { Criterion } from '../../criteria-schema.ts';
import { anySuccess } from '../../export/datadog/assertions.ts';
import { pointerOfPath } from '../../export/json-path.ts';
import type { Ledger } from '../../export/ledger.ts';

const readers: Readonly<Record<string, (assertion: JsonObject) => Criterion | undefined>> = {
  statusCode: ({ operator, target }) => {
    if (operator === 'is') return status(target);
    const [, codes] =
      /^\^\(([0-9]{3}(?:\|[0-9]{3})*)\)\$$/.exec(operator === 'matches' ? String(target) : '') ?? [];
    return codes === undefined ? undefined : { status_code: codes.split('|').map(Number) };
  },
  responseTime: ({ operator, target, timingsScope }) =>
    operator === 'lessThan' && typeof target === 'number' && timingsScope !== 'withoutDNS'
      ? { response_time_ms: `<${target}` }
      : undefined,
  body: ({ operator, target }) => {
    if (operator === 'validatesJSONPath') return isObject(target) ? valueAt(target) : undefined;
    if (typeof target !== 'string' || target === '') return undefined;
    if (operator === 'contains') return { body_contains: target };
    if (operator === 'doesNotContain') return { body_not_contains: target };
    return operator === 'matches' && target.length <= 1_000 ? { body_matches: target } : undefined;
  },
  header: ({ operator, property, target }) =>
    operator === 'contains' && typeof property === 'string' && typeof target === 'string'
      ? { headers_contain: { [property]: target } }
      : undefined,
  certificate: ({ operator, target }) => {
    if (typeof target !== 'number' || target < 0) return undefined;
    if (operator === 'isInMoreThan') return { certificate_days: `>${target}` };
    return operator === 'isInLessThan' ? { certificate_days: `<${target}` } : undefined;
  },
  recordSome: ({ operator, target }) =>
    operator === 'is' && typeof target === 'string' && target !== ''
      ? { answers_contain: target }
      : undefined,
  receivedMessage: ({ operator, target }) =>
    operator === 'contains' && typeof target === 'string' && target !== ''
      ? { received_contains: target }
      : undefined,
  grpcHealthcheckStatus: ({ operator, target }) => {
    if (target !== 1) return undefined;
    return operator === 'is' ? { serving: true } : operator === 'isNot' ? { serving: false } : undefined;
  },
};

function status(target: unknown): Criterion | undefined {
  const code = Number(target);
  return Number.isInteger(code) && code >= 100 && code <= 599 ? { status_code: code } : undefined;
}

function valueAt({ jsonPath, operator, targetValue, elementsOperator }: JsonObject): Criterion | undefined {
  const pointer = typeof jsonPath === 'string' ? pointerOfPath(jsonPath) : undefined;
  const single = elementsOperator === undefined || elementsOperator === 'firstElementMatches';
  return pointer !== undefined && operator === 'is' && single && targetValue !== undefined
    ? { body_json: { [pointer]: targetValue } }
    : undefined;
}

/** Assertions that say what our own probes hold to anyway. */
const usual = [
  anySuccess,
  { type: 'connection', operator: 'is', target: 'established' },
  { type: 'recordSome', operator: 'matches', target: '.+' },
  { type: 'certificate', operator: 'isInMoreThan', target: 0 },
  { type: 'grpcHealthcheckStatus', operator: 'is', target: 1 },
];

const isUsual = ({ type, operator, target }: JsonObject) =>
  usual.some((each) => each.type === type && each.operator === operator && each.target === target);

/** The criteria that assertions are; others become losses. */
export function criteriaFrom(
  ledger: Ledger<{ assertions?: unknown }>,
  types: readonly string[],
): Criterion[] {
  const said = ledger.take('assertions');
  const assertions = Array.isArray(said) ? said : [];
  return assertions.flatMap((assertion, index) => {
    if (isObject(assertion) && isUsual(assertion)) return [];
    const type = isObject(assertion) ? String(assertion['type']) : '';
    const read = types.includes(type) ? readers[type] : undefined;
    const criterion = isObject(assertion) ? read?.(assertion) : undefined;
    if (criterion) return [criterion];
    ledger.lose(`assertions.${index}` as 'assertions', assertion, 'we have no criterion for it');
    return [];
  });
}
