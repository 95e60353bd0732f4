import { CountersignError } from '../../errors.ts';
import type { PostgresSource, TextRow } from '../../sources/define.ts';
import { Aggregate, bucketId, undivided } from './aggregate.ts';
import type { Row, Rules } from './normalise.ts';
import type { Columns, SqlOptions } from './options.ts';
import { aggregateStatement, keptStatement, probeQuery } from './pushdown.ts';
import { type DatabaseSide, IrregularRows, tooManyRows } from './side.ts';

export interface DatabaseSideOptions {
  name: string;
  sql: SqlOptions;
  columns: Columns;
  rules: Rules;
  source: PostgresSource;
  normalise(raw: TextRow, index: number): Row;
}

const maxGroups = 1_000_000;
const currency = /^[A-Z0-9]{2,12}$/;
const day = /^\d{4}-\d\d-\d\d$/;

export async function openDatabaseSide(
  options: DatabaseSideOptions,
  signal: AbortSignal,
): Promise<DatabaseSide | undefined> {
  const probe = await askProbe(options.source, signal);
  if (probe === undefined) return undefined;
  const { sql, columns, rules, source } = options;
  const aggregateNow = async (divided: boolean, until: AbortSignal) => {
    const { text, params } = aggregateStatement(sql, columns, rules, divided);
    const { rows } = await source.query(text, params, until, maxGroups);
    return toAggregate(rows, divided);
  };
  let divided: Aggregate | undefined;
  return {
    probe,
    async read(kept, maxRows, until) {
      if (kept.size === 0) return { aggregate: await aggregateNow(false, until), rows: [] };
      divided ??= await aggregateNow(true, until);
      return { aggregate: divided, rows: await readKept(options, divided, kept, maxRows, until) };
    },
  };
}

/** Not every server that speaks this protocol has these functions. */
async function askProbe(source: PostgresSource, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { rows } = await source.query(probeQuery, [], signal);
    return rows[0]?.['probe'] ?? undefined;
  } catch (thrown) {
    if (thrown instanceof CountersignError && thrown.code === 'SOURCE_ANSWER') return undefined;
    throw thrown;
  }
}

function toAggregate(groups: readonly TextRow[], divided: boolean): Aggregate {
  const aggregate = new Aggregate();
  let all = 0n;
  for (const group of groups) {
    const rows = Number(group['rows']);
    if (group['irregular'] !== '0') throw new IrregularRows();
    const minor = whole(group['minor']);
    const print = whole(group['print']);
    const partition = group['cs_partition'];
    const isOutside = group['cs_outside'] === 't';
    if (partition !== null && partition !== undefined) {
      if (Number(partition) >= 0) addPartition(aggregate, Number(partition), rows, print, minor);
      continue;
    }
    aggregate.scanned += rows;
    if (isOutside) {
      aggregate.excluded.window.rows += rows;
      aggregate.excluded.window.minor += minor;
    } else {
      addBucket(aggregate, group, { rows, minor, print });
      all += print;
    }
  }
  if (!divided) addPartition(aggregate, undivided, aggregate.rows, all, aggregate.net);
  return aggregate;
}

function addPartition(aggregate: Aggregate, at: number, rows: number, print: bigint, minor: bigint): void {
  aggregate.counts[at] = rows;
  aggregate.lanes[2 * at] = BigInt.asUintN(64, print);
  aggregate.lanes[2 * at + 1] = BigInt.asUintN(64, minor);
}

function addBucket(
  aggregate: Aggregate,
  group: TextRow,
  { rows, minor, print }: { rows: number; minor: bigint; print: bigint },
): void {
  const named = {
    currency: group['cs_currency'] ?? '',
    day: group['cs_day'] ?? '',
    type: group['cs_type'] ?? '',
  };
  if (!currency.test(named.currency) || (named.day !== '' && !day.test(named.day))) throw new IrregularRows();
  aggregate.rows += rows;
  aggregate.net += minor;
  aggregate.gross += whole(group['gross']);
  aggregate.buckets.set(bucketId(named), { ...named, rows, minor, low: BigInt.asUintN(64, print), high: 0n });
}

/** A numeric that holds a whole number prints its zeros: `150050.00`. */
function whole(text: string | null | undefined): bigint {
  const match = /^(-?\d+)(?:\.0+)?$/.exec(text ?? '');
  if (!match?.[1]) throw new IrregularRows();
  return BigInt(match[1]);
}

/** Sums and rows come from two transactions: rows that do not add up to their sums have moved in between. */
async function readKept(
  { name, sql, columns, rules, source, normalise }: DatabaseSideOptions,
  aggregate: Aggregate,
  kept: ReadonlySet<number>,
  maxRows: number,
  signal: AbortSignal,
): Promise<Row[]> {
  if (kept.size === 1 && kept.has(undivided)) return [];
  const statement = keptStatement(sql, columns, rules, kept);
  const rows: Row[] = [];
  const prints = new Map<number, bigint>([...kept].filter((at) => at !== undivided).map((at) => [at, 0n]));
  for await (const batch of source.stream(statement.text, statement.params, signal)) {
    for (const raw of batch) {
      const row = normalise(raw, rows.length);
      const partition = Number(raw['cs_partition']);
      if (!row.excluded) prints.set(partition, (prints.get(partition) ?? 0n) + whole(raw['cs_print']));
      rows.push(row);
    }
    if (rows.length > maxRows) throw tooManyRows(name, maxRows);
  }
  for (const [partition, print] of prints) {
    if (BigInt.asUintN(64, print) !== aggregate.lanes[2 * partition]) throw new IrregularRows();
  }
  return rows;
}
