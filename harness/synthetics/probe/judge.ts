import { CountersignError } from '../../errors.ts';
import type { Criterion, CriterionName, ProbeType } from '../criteria-schema.ts';
import { answered, type Broken, judgeCriteria } from './criteria.ts';
import type { Sight } from './looking.ts';
import { showMs } from './words.ts';

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

/** For what came from somebody else; whoever else is probed at the time waits for it. */
const judgingMs = 500;

/**
 * Everything that is wrong with what was seen. What a type of probe is about is always judged: who asks only for a
 * fast answer does not get a fast 500 passed. Throws CountersignError when judging itself takes too long.
 */
export async function judge(type: ProbeType, { criteria, expect }: Wanted, sight: Sight): Promise<Broken[]> {
  const cel = expect.length > 0 ? await import('./expectations.ts') : undefined;
  const all = () => [
    ...judgeBasis(type, criteria, sight, (fact) => cel?.readsFact(expect, fact) ?? false),
    ...judgeCriteria(criteria, sight),
    ...(cel?.judgeExpectations(type, expect, sight) ?? []),
  ];
  if (!mayTakeLong({ criteria, expect })) return all();
  const { withinTime } = await import('./within-time.ts');
  const judged = withinTime(judgingMs, all);
  if (judged) return judged.value;
  throw new CountersignError('TIMED_OUT', `what came could not be judged within ${showMs(judgingMs)}`, {
    hint: 'write patterns in which nothing repeated is repeated again, unlike (a+)+',
  });
}

/** Patterns and loops take a time that depends on what came. */
function mayTakeLong({ criteria, expect }: Wanted): boolean {
  return (
    criteria.some((each) => Object.hasOwn(each, 'body_matches')) ||
    expect.some((text) => /\b(matches|all|exists|exists_one|filter|map)\s*\(/.test(text))
  );
}

function judgeBasis(
  type: ProbeType,
  criteria: readonly Criterion[],
  { facts }: Sight,
  isExpected: (fact: string) => boolean,
): Broken[] {
  const { fact, criterion, judge: judgeFacts } = bases[type];
  if (criterion !== undefined && criteria.some((each) => Object.hasOwn(each, criterion))) return [];
  const message = judgeFacts(facts, criteria);
  return message === undefined || isExpected(fact) ? [] : [{ message }];
}
