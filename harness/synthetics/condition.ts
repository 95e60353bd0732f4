import { formatDuration, parseDuration } from '../config/duration.ts';
import { nearest } from '../config/nearest.ts';
import { CountersignError } from '../errors.ts';

/**
 * When a rule alerts. Its text is one of
 *   consecutive_failures >= 3 within 3m     (`within` may be left out)
 *   failures >= 3 of 5
 *   availability < 98.5% over 7d
 *   p95 > 800ms over 10m
 */
export type Condition =
  | { kind: 'consecutive'; failures: number; withinMs?: number }
  | { kind: 'share'; failures: number; of: number }
  /** Percent of the monitored seconds. */
  | { kind: 'availability'; belowPercent: number; overMs: number }
  | { kind: 'percentile'; percentile: number; aboveMs: number; overMs: number };

export interface ConditionProblem {
  message: string;
  /** Offset in the text. */
  offset: number;
  hint: string;
}

interface Word {
  text: string;
  offset: number;
}

const forms = {
  consecutive_failures: 'consecutive_failures >= 3 within 3m',
  failures: 'failures >= 3 of 5',
  availability: 'availability < 98.5% over 7d',
  p95: 'p95 > 800ms over 10m',
} as const;

class Refusal extends Error {
  readonly problem: ConditionProblem;

  constructor(problem: ConditionProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** What is wrong with the text of a condition, if anything. */
export function conditionProblem(text: string): ConditionProblem | undefined {
  try {
    read(text);
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Refusal) return thrown.problem;
    throw thrown;
  }
}

/** The text of a condition as data; throws CONFIG_INVALID. */
export function parseCondition(text: string): Condition {
  try {
    return read(text);
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const { message, offset, hint } = thrown.problem;
    throw new CountersignError('CONFIG_INVALID', `\`${text}\`: ${message} (at ${offset + 1})`, { hint });
  }
}

/** The text that gives this condition. */
export function formatCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'consecutive': {
      const { failures, withinMs } = condition;
      const within = withinMs === undefined ? '' : ` within ${formatDuration(withinMs)}`;
      return `consecutive_failures >= ${failures}${within}`;
    }
    case 'share':
      return `failures >= ${condition.failures} of ${condition.of}`;
    case 'availability':
      return `availability < ${condition.belowPercent}% over ${formatDuration(condition.overMs)}`;
    case 'percentile':
      return `p${condition.percentile} > ${formatDuration(condition.aboveMs)} over ${formatDuration(condition.overMs)}`;
  }
}

function read(text: string): Condition {
  const words = new Words(text);
  const subject = words.next(forms.consecutive_failures);
  const condition = readAfter(subject, words);
  const extra = words.peek();
  if (extra) words.refuse(extra, `nothing may follow here, but there is \`${extra.text}\``, 'take it away');
  return condition;
}

function readAfter(subject: Word, words: Words): Condition {
  if (subject.text === 'consecutive_failures') {
    words.expect('>=', forms.consecutive_failures);
    const failures = words.integer(forms.consecutive_failures);
    if (!words.peek()) return { kind: 'consecutive', failures };
    words.expect('within', forms.consecutive_failures);
    return { kind: 'consecutive', failures, withinMs: words.duration(forms.consecutive_failures) };
  }
  if (subject.text === 'failures') {
    words.expect('>=', forms.failures);
    const failures = words.integer(forms.failures);
    words.expect('of', forms.failures);
    const of = words.integer(forms.failures);
    if (failures > of) words.refuse(subject, `there are never ${failures} failures of ${of}`, forms.failures);
    return { kind: 'share', failures, of };
  }
  if (subject.text === 'availability') {
    words.expect('<', forms.availability);
    const belowPercent = words.percent(forms.availability);
    words.expect('over', forms.availability);
    return { kind: 'availability', belowPercent, overMs: words.duration(forms.availability) };
  }
  const percentile = /^p([1-9][0-9]?(?:\.[0-9]{1,3})?)$/.exec(subject.text)?.[1];
  if (percentile !== undefined) {
    words.expect('>', forms.p95);
    const aboveMs = words.duration(forms.p95);
    words.expect('over', forms.p95);
    return { kind: 'percentile', percentile: Number(percentile), aboveMs, overMs: words.duration(forms.p95) };
  }
  const near = nearest(subject.text, Object.keys(forms));
  return words.refuse(
    subject,
    `\`${subject.text}\` is nothing that a rule can look at`,
    near ? `did you mean \`${near}\`?` : `such as: ${Object.values(forms).join('; ')}`,
  );
}

class Words {
  readonly #words: Word[];
  readonly #end: number;
  #at = 0;

  constructor(text: string) {
    this.#words = [...text.matchAll(/[<>=!]+|[^\s<>=!]+/g)].map((match) => ({
      text: match[0],
      offset: match.index,
    }));
    this.#end = text.trimEnd().length;
  }

  peek(): Word | undefined {
    return this.#words[this.#at];
  }

  next(form: string): Word {
    const word = this.peek();
    if (!word) return this.refuse({ text: '', offset: this.#end }, 'the condition ends too early', form);
    this.#at += 1;
    return word;
  }

  expect(text: string, form: string): void {
    const word = this.next(form);
    if (word.text !== text) this.refuse(word, `expected \`${text}\`, not \`${word.text}\``, form);
  }

  integer(form: string): number {
    const word = this.next(form);
    if (/^[1-9][0-9]{0,5}$/.test(word.text)) return Number(word.text);
    return this.refuse(word, `expected a whole number above 0, not \`${word.text}\``, form);
  }

  percent(form: string): number {
    const word = this.next(form);
    const value = /^([0-9]{1,3}(?:\.[0-9]{1,6})?)%$/.exec(word.text)?.[1];
    if (value !== undefined && Number(value) > 0 && Number(value) <= 100) return Number(value);
    return this.refuse(word, `expected a percentage, above 0% and up to 100%, not \`${word.text}\``, form);
  }

  duration(form: string): number {
    const word = this.next(form);
    const value = /^([0-9]{1,9}(ms|s|m|h|d))+$/.test(word.text) ? parseDuration(word.text) : 0;
    return value > 0 ? value : this.refuse(word, `expected a duration, not \`${word.text}\``, form);
  }

  refuse({ offset }: Word, message: string, hint: string): never {
    throw new Refusal({ message, offset, hint: hint.startsWith('did') ? hint : `it looks like: ${hint}` });
  }
}
