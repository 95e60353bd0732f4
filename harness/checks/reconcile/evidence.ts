import type { CheckContext } from '../define.ts';
import type { Break } from './breaks.ts';
import type { BucketPair } from './compare.ts';
import { differenceOf } from './law.ts';
import type { Row } from './normalise.ts';
import type { Describe } from './summary.ts';

const csv = 'text/csv; charset=utf-8; header=present';

export async function keepEvidence(
  context: CheckContext,
  found: { breaks: readonly Break[]; buckets: readonly BucketPair[]; definition: unknown },
  describe: Describe,
): Promise<void> {
  await context.artifact('breaks.csv', breakLines(found.breaks, describe), csv);
  await context.artifact('buckets.csv', bucketLines(found.buckets), csv);
  await context.artifact(
    'definition.json',
    `${JSON.stringify(found.definition, null, 2)}\n`,
    'application/json',
  );
}

const breakHeader = [
  'class',
  'differs',
  'key',
  'difference_minor',
  'left_currency',
  'left_minor',
  'left_at',
  'left_type',
  'left_status',
  'right_currency',
  'right_minor',
  'right_at',
  'right_type',
  'right_status',
  'age_days',
];

async function* breakLines(breaks: readonly Break[], { key, age }: Describe): AsyncGenerator<string> {
  yield line(breakHeader);
  for (const each of breaks) {
    const difference = each.class === 'currency' ? '' : String(differenceOf(each));
    const cells = [each.class, each.differs.join(' '), key(each.key), difference];
    yield line([...cells, ...rowCells(each.left), ...rowCells(each.right), String(age(each) ?? '')]);
  }
}

function rowCells(row: Row | undefined): string[] {
  if (!row) return ['', '', '', '', ''];
  const at = row.at === undefined ? '' : new Date(row.at).toISOString();
  return [row.currency, String(row.amount), at, row.type, row.status];
}

async function* bucketLines(buckets: readonly BucketPair[]): AsyncGenerator<string> {
  yield line([
    'currency',
    'day',
    'type',
    'same',
    'left_rows',
    'left_minor',
    'right_rows',
    'right_minor',
    'difference_minor',
  ]);
  for (const { currency, day, type, same, left, right } of buckets) {
    const sums = [left.rows, left.minor, right.rows, right.minor, left.minor - right.minor];
    yield line([currency, day, type, String(same), ...sums.map(String)]);
  }
}

/** RFC 4180. A spreadsheet runs a cell that starts like a formula, so all but plain integers get a quote mark before. */
function line(cells: readonly string[]): string {
  const safe = cells.map((cell) => {
    const inert = /^[=+\-@\t\r]/.test(cell) && !/^-?\d+$/.test(cell) ? `'${cell}` : cell;
    return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
  });
  return `${safe.join(',')}\r\n`;
}
