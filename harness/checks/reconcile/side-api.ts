import { CountersignError } from '../../errors.ts';
import type { HttpSource } from '../../sources/define.ts';
import { isObject, pointTo } from '../json.ts';
import { Aggregate, isSameReading } from './aggregate.ts';
import { createNormaliser, type Row, type Rules } from './normalise.ts';
import type { ApiOptions, Columns, SideLabel } from './options.ts';
import { readPages } from './paging.ts';
import { type Side, tooManyRows } from './side.ts';

export interface ApiSideOptions {
  label: SideLabel;
  name: string;
  api: ApiOptions;
  columns: Columns;
  rules: Rules;
  source: HttpSource;
  maxRows: number;
  passes: number;
  progress(message: string): void;
}

/** Rows of an API, held in memory once a reading of its pages was stable. */
export function openApiSide(options: ApiSideOptions): Side {
  const { label, name, api, columns, source } = options;
  let held: Stable | undefined;
  return {
    label,
    name,
    kind: 'api',
    definition: definitionOf(source, api, columns),
    snapshot: () => (held ? `${held.pages} pages, ${held.why}` : 'not read'),
    requests: () => held?.requests ?? 0,
    async *read(signal) {
      held ??= await readStable(options, signal);
      yield held.rows;
    },
  };
}

function definitionOf(source: HttpSource, api: ApiOptions, columns: Columns): unknown {
  const { path, query = {}, headers = {}, rows, paging } = api;
  return { source: source.name, path, query, headers: Object.keys(headers).sort(), rows, paging, columns };
}

interface Stable {
  rows: Row[];
  pages: number;
  requests: number;
  why: string;
}

interface Reading {
  rows: Row[];
  pages: number;
  aggregate: Aggregate;
  /** What shows that rows moved between pages, or could have without a trace. */
  doubt: string | undefined;
  /** Total and rows agree, as far as the API tells a total. */
  whole: boolean;
}

/**
 * Rows that arrive while pages are read push others over a page's edge: seen twice, or never. A reading counts
 * when nothing of that kind can have happened, or when a second one holds exactly the same rows.
 */
async function readStable(options: ApiSideOptions, signal: AbortSignal): Promise<Stable> {
  let before: Reading | undefined;
  let requests = 0;
  for (let pass = 1; pass <= options.passes; pass += 1) {
    const reading = await readOnce(options, pass, signal);
    requests += reading.pages;
    const { rows, pages } = reading;
    if (reading.doubt === undefined) return { rows, pages, requests, why: `stable in reading ${pass}` };
    if (before?.whole && reading.whole && isSameReading(before.aggregate, reading.aggregate)) {
      return { rows, pages, requests, why: `readings ${pass - 1} and ${pass} equal` };
    }
    before = reading;
  }
  throw new CountersignError(
    'SOURCE_ANSWER',
    `${options.name}: no stable reading in ${options.passes}: ${before?.doubt ?? 'not read'}`,
    { hint: 'end the window before rows still arrive, or sort the API by something that does not change' },
  );
}

async function readOnce(options: ApiSideOptions, pass: number, signal: AbortSignal): Promise<Reading> {
  const { label, name, api, columns, rules, source, maxRows } = options;
  const normalise = createNormaliser({ label, name, columns, rules, read: readField, json: true });
  const signs: Signs = { rows: [], pages: 0, totals: new Set(), repeated: undefined };
  const { rows } = signs;
  const keys = new Set<string>();
  const edges = new Map<string, number>();
  const aggregate = new Aggregate();
  for await (const page of readPages(source, api, signal)) {
    signs.pages = page.number;
    signs.totals.add(page.total);
    const fresh = page.rows.map((raw, index) => normalise(raw, rows.length + index));
    const earlier = earlierPage(edges, fresh, page.number);
    if (earlier !== undefined) {
      const doubt = `page ${page.number} repeats page ${earlier}; is \`${pageParam(api)}\` the name that the API knows?`;
      return { rows, pages: page.number, aggregate, whole: false, doubt };
    }
    for (const row of fresh) {
      if (keys.has(row.key)) signs.repeated ??= row.key;
      keys.add(row.key);
      aggregate.add(row);
      rows.push(row);
    }
    if (rows.length > maxRows) throw tooManyRows(name, maxRows);
    options.progress(
      `${name}: page ${page.number}, ${rows.length} rows${pass > 1 ? `, reading ${pass}` : ''}`,
    );
  }
  const [total] = signs.totals;
  const whole = signs.totals.size === 1 && (total === undefined || total === rows.length);
  return { rows, pages: signs.pages, aggregate, whole, doubt: doubtOf(signs, api) };
}

interface Signs {
  totals: Set<number | undefined>;
  rows: Row[];
  pages: number;
  repeated: string | undefined;
}

function doubtOf({ totals, rows, pages, repeated }: Signs, api: ApiOptions): string | undefined {
  const [total] = totals;
  if (totals.size > 1) return `the total changed between pages (${[...totals].join(', ')})`;
  if (total !== undefined && total !== rows.length)
    return `the total says ${total} but the pages held ${rows.length} rows`;
  if (repeated !== undefined && pages > 1) return 'a key came twice';
  const numbered = api.paging !== 'none' && api.paging.kind === 'page';
  if (numbered && total === undefined && pages > 1)
    return 'the API tells no total, so two equal readings are needed';
  return undefined;
}

/** An API that ignores the page parameter serves one page for ever. */
function earlierPage(edges: Map<string, number>, rows: readonly Row[], number: number): number | undefined {
  const first = rows[0];
  const last = rows.at(-1);
  if (!first || !last) return undefined;
  const edge = JSON.stringify([rows.length, first.key, last.key]);
  const earlier = edges.get(edge);
  if (earlier === undefined) edges.set(edge, number);
  return earlier;
}

function pageParam({ paging }: ApiOptions): string {
  return paging === 'none' ? '' : paging.param;
}

/** A plain name is a field even if it holds dots; a slash starts a JSON pointer. */
function readField(raw: unknown, column: string): unknown {
  if (column.startsWith('/')) return pointTo(raw, column);
  return isObject(raw) && Object.hasOwn(raw, column) ? raw[column] : undefined;
}
