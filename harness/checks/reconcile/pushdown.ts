import { partitionCount } from './aggregate.ts';
import type { Rules } from './normalise.ts';
import type { Columns, SqlOptions } from './options.ts';

const wholeNumbers = ['numeric', 'bigint', 'integer', 'smallint'];
const texts = ['text', 'character varying'];
const keys = [...texts, 'character', 'uuid', 'bigint', 'integer'];

/** Can the database bring the rows of this side to the same shape as `normalise` does, for plain rows? */
export function isPushable(columns: Columns, types: Record<string, string | null>, rules: Rules): boolean {
  const { amount, key, sign, currency, type, status, at, scale } = columns;
  const words = [type, status].filter((each) => each !== undefined);
  const named = words.map(({ column }) => column);
  if (typeof sign === 'object') named.push(sign.column);
  if ('column' in currency) named.push(currency.column);
  const is = (column: string, allowed: readonly string[]) => allowed.includes(types[column] ?? '');
  return (
    rules.ignore.length === 0 &&
    typeof scale !== 'object' &&
    words.every(({ map }) => map === undefined) &&
    is(amount, wholeNumbers) &&
    is(key, keys) &&
    named.every((column) => is(column, texts)) &&
    (!at || (is(at.column, ['timestamp with time zone']) && (at.format ?? 'text') === 'text'))
  );
}

/** Two servers whose hashes of these agree hash alike: same functions, byte order and encoding. */
export const probeQuery = `SELECT concat_ws(' ', hashtextextended('é|ǅ 1', 7), hash_numeric_extended(1.50, 7),
  timestamp_hash_extended(timestamp '2026-11-20 09:30:00.123', 7)) AS probe`;

export interface Statement {
  text: string;
  params: string[];
}

/** One scan: sums by currency, day and type, and where asked by partition of the key too, which costs as much again. */
export function aggregateStatement(
  sql: SqlOptions,
  columns: Columns,
  rules: Rules,
  divided: boolean,
): Statement {
  const { rows, params } = rowStatement(sql, columns, rules);
  const bucket = 'cs_outside, cs_currency, cs_day, cs_type';
  const text = `SELECT ${divided ? 'cs_partition' : 'NULL::int AS cs_partition'}, ${bucket.replace('cs_day', 'cs_day::text AS cs_day')},
    count(*) AS rows, sum(cs_minor) AS minor, sum(abs(cs_minor)) AS gross, sum(cs_print) AS print,
    count(*) FILTER (WHERE NOT coalesce(cs_plain, false)) AS irregular
    FROM (${rows}) AS r
    GROUP BY ${divided ? `GROUPING SETS (cs_partition, (${bucket}))` : bucket}`;
  return { text, params };
}

/** The rows of some partitions as the side's own query gives them, with what they added to the sums. */
export function keptStatement(
  sql: SqlOptions,
  columns: Columns,
  rules: Rules,
  kept: ReadonlySet<number>,
): Statement {
  const { rows, params } = rowStatement(sql, columns, rules, kept);
  return { text: rows, params };
}

/**
 * `OFFSET 0` keeps PostgreSQL from writing the amount into every place that uses it. No row has a null
 * partition, so that null in that column means the other grouping; rows that are none of the sums have -1.
 */
function rowStatement(
  sql: SqlOptions,
  columns: Columns,
  rules: Rules,
  kept?: ReadonlySet<number>,
): { rows: string; params: string[] } {
  const params = [...(sql.params ?? [])];
  const bind = (value: string) => `$${params.push(value)}`;
  const query = sql.query.trim().replace(/;\s*$/, '');
  const at = columns.at && rules.dimensions.at ? `q.${quote(columns.at.column)}` : undefined;
  const precision = rules.precision === 's' ? 'second' : 'milliseconds';
  const hash = `hashtextextended(${keyText(columns)} COLLATE "C", 0)`;
  const wanted = kept && `WHERE ${partition(hash)} = ANY (${bind(`{${[...kept].join(',')}}`)}::int[])`;
  const rows = `SELECT *, CASE WHEN cs_outside THEN -1 ELSE ${partition('cs_hash')} END AS cs_partition,
    ${printOf(rules, at !== undefined)} AS cs_print, ${plainness(columns)} AS cs_plain
    FROM (SELECT q.*, ${minorUnits(columns, bind)} AS cs_minor,
      ${keyText(columns)} AS cs_key, ${hash} AS cs_hash,
      ${currencyText(columns, bind)} COLLATE "C" AS cs_currency,
      ${word(columns.type, rules.dimensions.type)} COLLATE "C" AS cs_type,
      ${word(columns.status, rules.dimensions.status)} COLLATE "C" AS cs_status,
      ${at ? `(${at} AT TIME ZONE ${bind(rules.zone)}::text)::date` : 'NULL::date'} AS cs_day,
      ${at ? `date_trunc('${precision}', ${at} AT TIME ZONE 'UTC')` : 'NULL::timestamp'} AS cs_at,
      ${outside(columns, rules, bind)} AS cs_outside
      FROM (${query}\n) AS q ${wanted ?? ''} OFFSET 0) AS n`;
  return { rows, params };
}

function partition(hash: string): string {
  return `coalesce((${hash} & ${partitionCount - 1})::int, -1)`;
}

export function quote(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

function keyText({ key }: Columns): string {
  return `rtrim(q.${quote(key)}::text, ' ')`;
}

function currencyText({ currency }: Columns, bind: (value: string) => string): string {
  return 'constant' in currency
    ? `${bind(currency.constant.trim().toUpperCase())}::text`
    : `upper(btrim(q.${quote(currency.column)}))`;
}

function word(column: { column: string } | undefined, compared: boolean): string {
  return column && compared ? `coalesce(q.${quote(column.column)}, '(null)')` : `''::text`;
}

/** Each field seeds the hash of the next, so that no two rows run together whatever their texts hold. */
function printOf({ dimensions, precision }: Rules, timed: boolean): string {
  let seed = 'hashtextextended(cs_currency, cs_hash)';
  if (dimensions.type) seed = `hashtextextended(cs_type, ${seed})`;
  if (dimensions.status) seed = `hashtextextended(cs_status, ${seed})`;
  if (timed)
    seed = `timestamp_hash_extended(${precision === 'day' ? 'cs_day::timestamp' : 'cs_at'}, ${seed})`;
  return `hash_numeric_extended(cs_minor, ${seed})`;
}

function minorUnits({ amount, unit, scale = 2, sign }: Columns, bind: (value: string) => string): string {
  const decimals = typeof scale === 'number' ? scale : 0;
  const factor = unit === 'major' ? ` * 1${'0'.repeat(decimals)}` : '';
  const size = `(q.${quote(amount)}::numeric${factor})`;
  if (sign === 'signed') return size;
  if (sign === 'gross') return `abs(${size})`;
  const column = `q.${quote(sign.column)}`;
  const among = (words: readonly string[]) => `${column} = ANY (${bind(arrayText(words))}::text[])`;
  return `CASE WHEN ${among(sign.credit)} THEN ${size} WHEN ${among(sign.debit)} THEN -${size} END`;
}

function arrayText(words: readonly string[]): string {
  return `{${words.map((each) => `"${each.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(',')}}`;
}

function outside({ at }: Columns, { from, to }: Rules, bind: (value: string) => string): string {
  if (!at) return 'false';
  const column = `q.${quote(at.column)}`;
  const instant = (edge: number) => `${bind(new Date(edge).toISOString())}::timestamptz`;
  const tests = [
    ...(from === undefined ? [] : [`${column} < ${instant(from)}`]),
    ...(to === undefined ? [] : [`${column} >= ${instant(to)}`]),
  ];
  return tests.length > 0 ? `coalesce(${tests.join(' OR ')}, false)` : 'false';
}

/** NaN compares above every number, so the upper bound turns it and the infinities away. */
function plainness({ amount, sign, at }: Columns): string {
  return [
    `cs_key <> ''`,
    'cs_minor = trunc(cs_minor)',
    'abs(cs_minor) < 1e90',
    ...(typeof sign === 'object' ? [`${quote(amount)} >= 0`] : []),
    ...(at ? [`isfinite(${quote(at.column)})`] : []),
  ].join(' AND ');
}
