import { isDeepStrictEqual } from 'node:util';
import { parseExactly, pointTo } from '../../checks/json.ts';
import { CountersignError, messageOf } from '../../errors.ts';
import type { Criterion, CriterionName } from '../criteria-schema.ts';
import type { CertificateFacts } from './certificate.ts';
import { holds, parseComparison } from './comparison.ts';
import type { Sight } from './looking.ts';
import { STATUS_CODES } from './node-http.ts';
import { beginning, listed, quote, showDay, showMs } from './words.ts';

/** What is wrong, going on where the subject of the probe ends. */
export interface Broken {
  message: string;
  /** Does the message tell the time itself? */
  timed?: boolean;
}

type Wanted<N extends CriterionName> = Criterion<N>[N];
type Judge<N extends CriterionName> = (wanted: Wanted<N>, sight: Sight) => string | Broken | undefined;

const judges: { [N in CriterionName]: Judge<N> } = {
  status_code: (wanted, { facts }) => {
    const allowed = Array.isArray(wanted) ? wanted : [wanted];
    const status = Number(facts['status']);
    if (allowed.includes(status)) return undefined;
    return `${answered(facts)}, expected ${allowed.join(' or ')}`;
  },
  response_time_ms: (wanted, { facts, timings }) => {
    const took = Number(facts['duration_ms']);
    if (holds(parseComparison(wanted), took)) return undefined;
    return {
      message: `took ${showMs(took)}, expected ${tight(wanted)} ms${mostOf(took, timings)}`,
      timed: true,
    };
  },
  body_contains: (wanted, { text = '' }) => {
    const missing = list(wanted).filter((part) => !text.includes(part));
    return missing.length > 0 ? `sent a body without ${quoted(missing)} (${beginning(text)})` : undefined;
  },
  body_not_contains: (wanted, { text = '' }) => {
    const there = list(wanted).filter((part) => text.includes(part));
    return there.length > 0 ? `sent a body with ${quoted(there)}, which must not be in it` : undefined;
  },
  body_matches: (wanted, { text = '' }) =>
    pattern(wanted).test(text) ? undefined : `sent a body that does not fit /${wanted}/ (${beginning(text)})`,
  body_json_equals: (wanted, { text = '' }) => {
    const parsed = parse(text);
    if (!parsed) return `sent a body that is not JSON (${beginning(text)})`;
    if (isDeepStrictEqual(parsed.value, wanted)) return undefined;
    return `sent the body ${quote(parsed.value)}, expected ${quote(wanted)}`;
  },
  body_json: (wanted, { text = '' }) => {
    const parsed = parse(text);
    if (!parsed) return `sent a body that is not JSON (${beginning(text)})`;
    const wrong = differences(parsed.value, wanted);
    return wrong.length > 0 ? `sent a body in which ${listed(wrong)}` : undefined;
  },
  headers_contain: (wanted, { facts }) => {
    const headers = facts['headers'] as Readonly<Record<string, string>>;
    const wrong = Object.entries(wanted).flatMap(([name, part]) => headerProblem(headers, name, part));
    return wrong.length > 0 ? `sent ${listed(wrong)}` : undefined;
  },
  redirects_to: (wanted, { facts }) => {
    const led = String(facts['redirected_to']);
    if (led.startsWith(wanted)) return undefined;
    return `redirected to ${led === '' ? 'nowhere' : led}, expected ${wanted}`;
  },
  certificate_days: (wanted, { facts }) => {
    const certificate = facts['certificate'] as CertificateFacts | undefined;
    if (!certificate) return `answered without TLS, expected a certificate with ${tight(wanted)} days left`;
    if (holds(parseComparison(wanted), certificate.days_left)) return undefined;
    const day = showDay(new Date(certificate.not_after));
    return `has a certificate that expires in ${certificate.days_left} days, on ${day}, expected ${tight(wanted)} days`;
  },
  answers_contain: (wanted, { facts }) => {
    const answers = facts['answers'] as readonly string[];
    const missing = list(wanted).filter((answer) => !answers.includes(answer));
    return missing.length > 0 ? `gave ${given(answers)}, expected ${listed(missing)} among them` : undefined;
  },
  answers_equal: (wanted, { facts }) => {
    const answers = facts['answers'] as readonly string[];
    if (isDeepStrictEqual([...answers].sort(), [...wanted].sort())) return undefined;
    return `gave ${given(answers)}, expected ${listed(wanted)}`;
  },
  received_contains: (wanted, { text = '' }) => {
    const missing = list(wanted).filter((part) => !text.includes(part));
    if (missing.length === 0) return undefined;
    return text === ''
      ? `sent nothing, expected ${quoted(missing)}`
      : `sent nothing with ${quoted(missing)} (${beginning(text)})`;
  },
  close_code: (wanted, { facts }) =>
    facts['close_code'] === wanted ? undefined : `closed with ${facts['close_code']}, expected ${wanted}`,
  serving: (wanted, { facts }) =>
    facts['serving'] === wanted
      ? undefined
      : `said ${facts['health']}, expected ${wanted ? 'SERVING' : 'anything but SERVING'}`,
  exit_code: (wanted, { facts }) =>
    facts['exit_code'] === wanted ? undefined : `ended with ${facts['exit_code']}, expected ${wanted}`,
};

const parts = {
  dns: 'looking up the name',
  connect: 'connecting',
  tls: 'the TLS handshake',
  first_byte: 'the wait for the first byte',
} as const;

/** Where the time went, when one part took more than half of it. */
function mostOf(took: number, timings: Sight['timings']): string {
  const found = Object.entries(timings).find(([, part]) => part > took / 2);
  if (!found) return '';
  return `; ${parts[found[0] as keyof typeof parts]} alone took ${showMs(found[1])}`;
}

/** Everything that does not hold, in the order of the criteria. */
export function judgeCriteria(criteria: readonly Criterion[], sight: Sight): Broken[] {
  return criteria.flatMap((criterion) =>
    (Object.keys(criterion) as CriterionName[]).flatMap((name) => {
      const broken = judgeOne(name, criterion as Criterion<typeof name>, sight);
      if (broken === undefined) return [];
      return [typeof broken === 'string' ? { message: broken } : broken];
    }),
  );
}

function judgeOne<N extends CriterionName>(name: N, criterion: Criterion<N>, sight: Sight) {
  const judge: Judge<N> = judges[name];
  return judge(criterion[name], sight);
}

export function answered(facts: Readonly<Record<string, unknown>>): string {
  const status = Number(facts['status']);
  const to = String(facts['redirected_to'] ?? '');
  const name = STATUS_CODES[status];
  const redirect = status >= 300 && status < 400 && to !== '' ? `, which redirects to ${to}` : '';
  return `answered ${status}${name ? ` ${name}` : ''}${redirect}`;
}

function headerProblem(headers: Readonly<Record<string, string>>, name: string, part: string): string[] {
  const value = headers[name.toLowerCase()];
  if (value === undefined) return [`no header ${name}, expected ${quote(part)} in it`];
  if (value.toLowerCase().includes(part.toLowerCase())) return [];
  return [`${name} ${quote(value)}, expected ${quote(part)} in it`];
}

function differences(document: unknown, wanted: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(wanted).flatMap(([pointer, value]) => {
    const found = pointTo(document, pointer);
    if (isDeepStrictEqual(found, value)) return [];
    const is = found === undefined ? 'is missing' : `is ${quote(found)}`;
    return [`${pointer || 'the whole'} ${is}, expected ${quote(value)}`];
  });
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: parseExactly(text) };
  } catch {
    return undefined;
  }
}

function pattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (thrown) {
    throw new CountersignError('CONFIG_INVALID', `\`body_matches\`: ${messageOf(thrown)}`);
  }
}

const list = (texts: string | readonly string[]): readonly string[] =>
  typeof texts === 'string' ? [texts] : texts;
const quoted = (texts: readonly string[]) => listed(texts.map(quote));
const given = (answers: readonly string[]) =>
  answers.length > 0 ? listed(answers.slice(0, 10)) : 'no answer';
const tight = (comparison: string) => comparison.replaceAll(/\s/g, '');
