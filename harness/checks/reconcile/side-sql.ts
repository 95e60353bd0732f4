import { CountersignError } from '../../errors.ts';
import type { PostgresSource, TextRow } from '../../sources/define.ts';
import { createNormaliser, type Rules } from './normalise.ts';
import type { Columns, SideLabel, SqlOptions } from './options.ts';
import { isPushable, quote } from './pushdown.ts';
import type { Side } from './side.ts';
import { openDatabaseSide } from './side-database.ts';

/** A float can't hold 0.10; `money` prints by the locale of the server. */
const notMoney = new Set(['real', 'double precision', 'money']);

export interface SqlSideOptions {
  label: SideLabel;
  name: string;
  sql: SqlOptions;
  columns: Columns;
  rules: Rules;
  source: PostgresSource;
}

export async function openSqlSide(options: SqlSideOptions, signal: AbortSignal): Promise<Side> {
  const { label, name, sql, columns, rules, source } = options;
  const params = sql.params ?? [];
  const types = await readTypes(options, signal);
  const read = (raw: TextRow, column: string) => raw[column];
  const normalise = createNormaliser({ label, name, columns, rules, read, json: false });
  const database = isPushable(columns, types, rules)
    ? await openDatabaseSide({ name, sql, columns, rules, source, normalise }, signal)
    : undefined;
  return {
    label,
    name,
    kind: 'sql',
    definition: { source: source.name, query: sql.query, params, columns },
    snapshot: () => 'one REPEATABLE READ transaction',
    requests: () => 0,
    ...(database ? { database } : {}),
    async *read(until) {
      let index = 0;
      for await (const batch of source.stream(sql.query, params, until)) {
        yield batch.map((raw) => normalise(raw, index++));
      }
    },
  };
}

/** Types of the columns in use, rows unread. Also finds a misspelt column before anything is read. */
async function readTypes(
  { name, sql, columns, source }: SqlSideOptions,
  signal: AbortSignal,
): Promise<TextRow> {
  const inner = sql.query.trim().replace(/;\s*$/, '');
  const asked = usedColumns(columns).map(
    (column) => `pg_typeof((SELECT q.${quote(column)} FROM q LIMIT 0))::text AS ${quote(column)}`,
  );
  const text = `WITH q AS (${inner}\n) SELECT ${asked.join(', ')}`;
  const { rows } = await source.query(text, sql.params ?? [], signal);
  const types = rows[0] ?? {};
  const type = types[columns.amount] ?? 'unknown';
  if (!notMoney.has(type)) return types;
  throw new CountersignError(
    'SOURCE_ANSWER',
    `${name}: \`${columns.amount}\` is ${type}, which cannot hold money exactly`,
    { hint: 'store and select the amount as numeric or as an integer of minor units' },
  );
}

function usedColumns(columns: Columns): string[] {
  const { key, amount, sign, currency, type, status, at } = columns;
  const named = [type, status, at].flatMap((each) => (each ? [each.column] : []));
  if (typeof sign === 'object') named.push(sign.column);
  if ('column' in currency) named.push(currency.column);
  return [...new Set([key, amount, ...named])];
}
