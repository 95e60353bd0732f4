import type { JsonObject } from '../../../checks/json.ts';
import type { Criterion } from '../../criteria-schema.ts';
import { textOf } from '../read-text.ts';
import type { Read } from './conditions.ts';
import type { EndpointLedger, OwnPart } from './endpoint.ts';

/** A check of type dns: what Gatus compares is the last answer, what ours compares is any of them. */
export function namesAsked(server: string, dns: JsonObject, ledger: EndpointLedger, read: Read): OwnPart {
  const record = textOf(dns['query-type']) ?? 'A';
  const criteria: Criterion[] = [...read.criteria];
  for (const { condition, path, operator, value } of read.bodies) {
    const answer = path === '' && operator === '==' ? oneName(value) : undefined;
    if (answer === undefined) ledger.lose('conditions', condition, 'our criteria have nothing like it');
    else {
      criteria.push({ answers_contain: answer });
      ledger.lose('conditions', condition, 'our probe looks at every answer', `answers_contain: ${answer}`);
    }
  }
  for (const other of read.others) {
    if (other === '[DNS_RCODE] == NOERROR' || other === 'len([BODY]) > 0' || other === '[CONNECTED] == true')
      continue;
    ledger.lose('conditions', other, 'our probe asks for answers, and nothing else');
  }
  if (!read.others.includes('len([BODY]) > 0')) {
    ledger.lose(
      'conditions',
      read.others.join(', '),
      'our probe fails when there is no answer',
      'at least one answer',
    );
  }
  return {
    type: 'dns',
    host: (textOf(dns['query-name']) ?? '').replace(/\.$/, ''),
    ...(record === 'A' ? {} : { record }),
    server,
    ...(criteria.length > 0 ? { success_criteria: criteria } : {}),
  } as OwnPart;
}

/** One answer, with or without the dot that ends a whole name; undefined for a pattern or a choice. */
function oneName(value: string): string | undefined {
  const [, several] = /^any\((.*)\)$/.exec(value) ?? [];
  const names = new Set((several ?? value).split(',').map((name) => name.trim().replace(/\.$/, '')));
  const [name] = names;
  return names.size === 1 && name !== undefined && !/^(pat|any)\(/.test(name) ? name : undefined;
}
