import type { CheckOf } from '../../definition.ts';
import { asList, translateCriteria } from '../criteria.ts';
import type { Ledger } from '../ledger.ts';
import { bases, conditionsOf } from './conditions.ts';

const names = new Set(['CNAME', 'NS', 'PTR']);
const addresses = new Set(['A', 'AAAA']);
const last = 'Gatus looks at the last answer only';

/** Conditions on what a name server answers: Gatus keeps one answer, and reads some types of record only. */
export function addressesOf(ledger: Ledger<CheckOf<'dns'>>, record: string): string[] {
  const reads = names.has(record) || addresses.has(record);
  if (!reads && record !== 'MX' && record !== 'SRV') {
    ledger.lose(
      'record',
      record,
      'Gatus does not read its answers, only whether the name is known',
      '[DNS_RCODE] == NOERROR',
    );
    return [
      bases.dns[0],
      ...translateCriteria(ledger, timeOnly(), `Gatus does not read records of type ${record}`),
    ];
  }
  const any = (said: string | readonly string[], lose: (why: string, became?: unknown) => void) => {
    const wanted = asList<string>(said).flatMap((answer) =>
      names.has(record) ? [answer, `${answer}.`] : [answer],
    );
    const condition = `[BODY] == ${wanted.length === 1 ? wanted[0] : `any(${wanted.join(', ')})`}`;
    lose(last, condition);
    return condition;
  };
  const answers = reads ? { answers_contain: any, answers_equal: any } : {};
  const why = reads ? 'Gatus has no condition for it' : `Gatus has no whole answer of type ${record}`;
  return [...bases.dns, ...translateCriteria(ledger, { ...timeOnly(), ...answers }, why)];
}

function timeOnly() {
  const { response_time_ms } = conditionsOf;
  return { response_time_ms };
}
