import type { Criterion, CriterionName, ProbeType } from '../criteria-schema.ts';
import { answered, type Broken, judgeCriteria } from './criteria.ts';
import type { Sight } from './looking.ts';

/** What must hold of a type of probe unless the check itself says something about `fact`. */
interface Basis {
  fact: string;
  criterion?: CriterionName;
  judge(facts: Readonly<Record<string, unknown>>, criteria: readonly Criterion[]): string | undefined;
}

const bases: Readonly<Record<ProbeType, Basis>> = {
  http: {
    fact: 'status',
    criterion: 'status_code',
    judge: (facts, criteria) => {
      const status = Number(facts['status']);
      const redirect = criteria.some((each) => Object.hasOwn(each, 'redirects_to'));
      if (status >= 200 && status < (redirect ? 400 : 300)) return undefined;
      return `${answered(facts)}, expected ${redirect ? '2xx or 3xx' : '2xx'}`;
    },
  },
  tcp: { fact: 'connected', judge: (facts) => (facts['connected'] === true ? undefined : 'did not connect') },
  dns: {
    fact: 'answers',
    judge: (facts) => ((facts['answers'] as unknown[]).length > 0 ? undefined : 'gave no answer'),
  },
  tls: {
    fact: 'certificate',
    criterion: 'certificate_days',
    judge: (facts) => {
      const { days_left: days } = facts['certificate'] as { days_left: number };
      return days >= 0 ? undefined : `has a certificate that expired ${-days} days ago`;
    },
  },
  websocket: { fact: 'opened', judge: (facts) => (facts['opened'] === true ? undefined : 'was not opened') },
  grpc: {
    fact: 'serving',
    criterion: 'serving',
    judge: (facts) => (facts['serving'] === true ? undefined : `said ${facts['health']}, expected SERVING`),
  },
  browser: {
    fact: 'exit_code',
    criterion: 'exit_code',
    judge: ({ failed, first_failure: first }) =>
      failed === 0 ? undefined : `had ${failed} failed ${failed === 1 ? 'test' : 'tests'}: ${first}`,
  },
  script: {
    fact: 'exit_code',
    criterion: 'exit_code',
    judge: ({ exit_code: code }) => (code === 0 ? undefined : `ended with ${code}, expected 0`),
  },
};

/** What a check asks for, templates filled. */
export interface Wanted {
  criteria: readonly Criterion[];
  expect: readonly string[];
}

/**
 * Everything that is wrong with what was seen. What a type of probe is about is always judged: who asks only for a
 * fast answer does not get a fast 500 passed.
 */
export async function judge(type: ProbeType, { criteria, expect }: Wanted, sight: Sight): Promise<Broken[]> {
  const expected =
    expect.length > 0 ? (await import('./expectations.ts')).judgeExpectations(type, expect, sight) : [];
  return [...judgeBasis(type, criteria, expect, sight), ...judgeCriteria(criteria, sight), ...expected];
}

/** The basis of an http step: its own criteria, else 2xx. */
export function judgeStep(criteria: readonly Criterion[], sight: Sight): Broken[] {
  return [...judgeBasis('http', criteria, [], sight), ...judgeCriteria(criteria, sight)];
}

function judgeBasis(
  type: ProbeType,
  criteria: readonly Criterion[],
  expect: readonly string[],
  { facts }: Sight,
): Broken[] {
  const { fact, criterion, judge: judgeFacts } = bases[type];
  if (criterion !== undefined && criteria.some((each) => Object.hasOwn(each, criterion))) return [];
  const named = new RegExp(`\\b${fact}\\b`);
  if (expect.some((text) => named.test(text))) return [];
  const message = judgeFacts(facts, criteria);
  return message === undefined ? [] : [{ message }];
}
