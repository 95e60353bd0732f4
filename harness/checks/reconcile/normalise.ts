import { CountersignError } from '../../errors.ts';
import { createDayOf, parseInstant, parseUnix } from './instant.ts';
import { type AmountRule, absolute, toMinor } from './money.ts';
import type { Columns, IgnoreRule, SideLabel } from './options.ts';

/** Why a row does not count; it is still looked at when its key is in dispute. */
export type Exclusion = 'window' | 'status' | 'young';

/** One movement of money, in the one shape that both sides are brought to. */
export interface Row {
  key: string;
  /** Minor units, signed unless the comparison is gross. */
  amount: bigint;
  currency: string;
  type: string;
  status: string;
  /** Milliseconds since the epoch, cut to the declared precision. */
  at: number | undefined;
  day: string;
  rounded: boolean;
  excluded: Exclusion | undefined;
}

/** A cell as text; `null` where the source has null, `undefined` where it has nothing. */
export type ReadCell<R> = (raw: R, column: string) => unknown;

/** What both sides can be compared by: a dimension that one side lacks can't be a difference. */
export interface Dimensions {
  type: boolean;
  status: boolean;
  at: boolean;
}

export interface Rules {
  dimensions: Dimensions;
  precision: 'ms' | 's' | 'day';
  zone: string;
  showKey(key: string): string;
  from: number | undefined;
  to: number | undefined;
  ignore: readonly (IgnoreRule & { bornAfter?: number })[];
}

export interface NormaliserOptions<R> {
  label: SideLabel;
  name: string;
  columns: Columns;
  rules: Rules;
  read: ReadCell<R>;
  /** JSON shows with a decimal point that a minor amount went through a float. */
  json: boolean;
}

/** A row of a source to a Row; anything that is not plainly right is an error that names the key. */
export function createNormaliser<R>(options: NormaliserOptions<R>): (raw: R, index: number) => Row {
  const { columns, rules, read, name } = options;
  const dayOf = createDayOf(rules.zone);
  const amountOf = createAmountReader(options);
  const exclusionOf = createExclusion(options.label, rules);
  return (raw, index) => {
    const key = keyText(read(raw, columns.key));
    if (key === undefined) throw bad(name, `row ${index + 1}`, `has no key in \`${columns.key}\``);
    const fail = (why: string): never => {
      throw bad(name, `row \`${rules.showKey(key)}\``, why);
    };
    const currency = currencyOf(columns, raw, read, fail);
    const instant = columns.at ? instantOf(columns.at, read(raw, columns.at.column), fail) : undefined;
    const type = columns.type ? mapped(columns.type, raw, read) : '';
    const status = columns.status ? mapped(columns.status, raw, read) : '';
    const { amount, rounded } = amountOf(raw, currency, fail);
    const day = instant === undefined || !rules.dimensions.at ? '' : dayOf(instant);
    return {
      key,
      amount,
      rounded,
      currency,
      day,
      type: rules.dimensions.type ? type : '',
      status: rules.dimensions.status ? status : '',
      at: rules.dimensions.at ? cut(instant, day, rules.precision) : undefined,
      excluded: exclusionOf(instant, status),
    };
  };
}

function bad(side: string, row: string, why: string): CountersignError {
  return new CountersignError('SOURCE_ANSWER', `${side}: ${row}: ${why}`, {
    hint: 'a total over rows that cannot be read exactly would be a guess; correct the row or the column mapping',
  });
}

/** One spelling of a key: char(n) pads with spaces, and Unicode writes one letter in two ways. */
function keyText(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const key = value.normalize('NFC').replace(/ +$/, '');
  return key === '' ? undefined : key;
}

type Fail = (why: string) => never;

function currencyOf<R>({ currency }: Columns, raw: R, read: ReadCell<R>, fail: Fail): string {
  const text = 'constant' in currency ? currency.constant : read(raw, currency.column);
  if (typeof text !== 'string' || !/^[A-Za-z0-9]{2,12}$/.test(text.trim())) return fail('has no currency');
  return text.trim().toUpperCase();
}

function mapped<R>(
  column: { column: string; map?: Record<string, string> },
  raw: R,
  read: ReadCell<R>,
): string {
  const value = read(raw, column.column);
  // null is no text: were both the empty text, a lost status would equal a blank one
  const text = value === null || value === undefined ? '(null)' : String(value);
  return column.map && Object.hasOwn(column.map, text) ? (column.map[text] ?? text) : text;
}

function instantOf(at: NonNullable<Columns['at']>, value: unknown, fail: Fail): number {
  if (typeof value !== 'string') return fail(`has no time in \`${at.column}\``);
  const format = at.format ?? 'text';
  const parsed = format === 'text' ? parseInstant(value, at.zone) : parseUnix(value, format);
  return typeof parsed === 'number' ? parsed : fail(parsed.why);
}

function cut(at: number | undefined, day: string, precision: Rules['precision']): number | undefined {
  if (at === undefined || precision === 'ms') return at;
  return precision === 's' ? Math.floor(at / 1_000) * 1_000 : Date.parse(day);
}

type AmountReader<R> = (raw: R, currency: string, fail: Fail) => { amount: bigint; rounded: boolean };

function createAmountReader<R>({ columns, read, json }: NormaliserOptions<R>): AmountReader<R> {
  const { sign, scale = 2 } = columns;
  const base = { unit: columns.unit, rounding: columns.rounding ?? 'refuse', refusePoint: json };
  const rules = new Map<string, AmountRule>();
  const ruleOf = (currency: string, fail: Fail): AmountRule => {
    const decimals = typeof scale === 'number' ? scale : scale[currency];
    if (decimals === undefined) return fail(`has currency ${currency}, for which \`scale\` says nothing`);
    const rule = { ...base, scale: decimals };
    rules.set(currency, rule);
    return rule;
  };
  return (raw, currency, fail) => {
    const text = read(raw, columns.amount);
    if (typeof text !== 'string') return fail(`has no amount in \`${columns.amount}\``);
    const parsed = toMinor(text.trim(), rules.get(currency) ?? ruleOf(currency, fail));
    if ('why' in parsed) return fail(parsed.why);
    if (sign === 'signed') return { amount: parsed.minor, rounded: parsed.rounded };
    if (sign === 'gross') return { amount: absolute(parsed.minor), rounded: parsed.rounded };
    if (parsed.minor < 0n) return fail(`${text} is negative although \`${sign.column}\` carries the sign`);
    const word = read(raw, sign.column);
    if (typeof word === 'string' && sign.credit.includes(word))
      return { amount: parsed.minor, rounded: parsed.rounded };
    if (typeof word === 'string' && sign.debit.includes(word))
      return { amount: -parsed.minor, rounded: parsed.rounded };
    return fail(`\`${sign.column}\` is neither a declared debit nor a declared credit: ${String(word)}`);
  };
}

function createExclusion(label: SideLabel, rules: Rules) {
  const ignore = rules.ignore.filter(({ side }) => side === undefined || side === label);
  return (at: number | undefined, status: string): Exclusion | undefined => {
    if (at !== undefined && rules.from !== undefined && at < rules.from) return 'window';
    if (at !== undefined && rules.to !== undefined && at >= rules.to) return 'window';
    for (const rule of ignore) {
      const young = rule.bornAfter === undefined || (at !== undefined && at > rule.bornAfter);
      const named = rule.status === undefined || rule.status.includes(status);
      if (young && named) return rule.status === undefined ? 'young' : 'status';
    }
    return undefined;
  };
}
