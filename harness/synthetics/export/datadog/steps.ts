import type { CheckOf } from '../../definition.ts';
import { jsonPathOf } from '../json-path.ts';
import type { Ledger } from '../ledger.ts';
import { variableName } from './notation.ts';
import { httpPart, type Subtest } from './request.ts';

/** A check of several requests: the first is the check's own, and the criteria of the check judge the last. */
export function stepsOf(ledger: Ledger<CheckOf<'http'>>): Subtest {
  const steps = ledger.take('steps') ?? [];
  const timeout = ledger.take('timeout');
  ledger.lose('timeout', timeout, 'Datadog has a time-out for each step', 'that of each step');
  const criteria = ledger.take('success_criteria');
  const first = ledger.inside('', {
    method: ledger.take('method'),
    url: ledger.take('url'),
    headers: ledger.take('headers'),
    json: ledger.take('json'),
    body: ledger.take('body'),
    success_criteria: undefined,
  });
  const parts = [
    { name: 'first', capture: ledger.take('capture'), ledger: first },
    ...steps.map((step, index) => {
      const last = index === steps.length - 1;
      const said = last && criteria ? [...(step.success_criteria ?? []), ...criteria] : step.success_criteria;
      const own = ledger.inside(`steps.${index}`, { ...step, success_criteria: said });
      return { name: own.take('name') ?? `step ${index + 2}`, capture: own.take('capture'), ledger: own };
    }),
  ];
  const translated = parts.map(({ name, capture, ledger: own }) => {
    const part = httpPart(own, ledger);
    own.rest('Datadog has nothing like it');
    return {
      name,
      subtype: 'http',
      ...part,
      ...(capture === undefined ? {} : { extractedValues: Object.entries(capture).map(extracted) }),
    };
  });
  return { subtype: 'multi', config: { steps: translated } };
}

function extracted([name, from]: [string, string]): object {
  const variable = variableName(name);
  const [, header] = /^header:(.*)$/s.exec(from) ?? [];
  if (header !== undefined)
    return { name: variable, type: 'http_header', field: header, parser: { type: 'raw' } };
  return { name: variable, type: 'http_body', parser: { type: 'json_path', value: jsonPathOf(from) } };
}
