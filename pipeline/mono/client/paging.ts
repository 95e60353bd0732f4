import { createHash } from 'node:crypto';
import type { MonoPage } from '../types.ts';
import { MonoPagingError } from './errors.ts';
import { rowKey, type Sheet } from './wire.ts';

/**
 * Page numbers shift while one reads. A row added above pushes rows to later pages: they are met twice, never
 * missed. A row taken away pulls rows to earlier pages that were already read: those would be missed. So after
 * the last page the head of the list is read again. `total` must have grown by exactly the rows that now stand
 * above the former first row, and must never have fallen on the way; otherwise everything is read again, and a
 * list that never holds still is an error. A loss hidden by a row that was filed at an older date in the same
 * moment stays unseen here: callers let their windows overlap.
 */
const maxPasses = 3;

export type ReadSheet = (page: number) => Promise<Sheet>;

type Change = 'none' | 'grew' | 'shrank';

interface Walk {
  /** Position of each row of the first page, by key. */
  head: Map<string, number>;
  pageSize: number;
  pages: number;
  firstTotal: number;
  lastTotal: number;
  shrank: boolean;
}

export async function* walkPages(read: ReadSheet, maxPages: number): AsyncGenerator<MonoPage> {
  for (let pass = 1; ; pass++) {
    const walk = yield* walkOnce(read, maxPages);
    if (walk.pages === 1) return;
    const change = yield* readHeadAgain(read, walk, maxPages);
    if (change === 'none') return;
    if (pass < maxPasses) continue;
    // Rows filed at older dates while reading may be missing, but none that stood there before.
    if (change === 'grew') return;
    throw new MonoPagingError('UNSTABLE', `rows kept vanishing from the list during ${maxPasses} readings`);
  }
}

async function* walkOnce(read: ReadSheet, maxPages: number): AsyncGenerator<MonoPage, Walk> {
  const seen = new Map<string, number>();
  let walk: Walk | undefined;
  let received = 0;
  for (let page = 1; ; page++) {
    const sheet = await readChecked(read, page, maxPages);
    walk ??= startWalk(sheet);
    walk.pages = page;
    walk.shrank ||= sheet.total < walk.lastTotal;
    walk.lastTotal = sheet.total;
    received += sheet.rows.length;
    refuseRepeated(sheet, page, seen);
    yield toPage(sheet, page);
    if (sheet.hasNext && sheet.rows.length > 0) continue;
    if (received >= sheet.total) return walk;
    throw new MonoPagingError('ENDED_EARLY', `the list ended after ${received} of ${sheet.total} rows`);
  }
}

/** Yields the pages that hold rows which came on top in the meantime. */
async function* readHeadAgain(
  read: ReadSheet,
  walk: Walk,
  maxPages: number,
): AsyncGenerator<MonoPage, Change> {
  for (let page = 1; ; page++) {
    const sheet = await readChecked(read, page, maxPages);
    const shrank = walk.shrank || sheet.total < walk.lastTotal;
    const index = sheet.rows.findIndex((row) => walk.head.has(rowKey(row)));
    if (page > 1 || index !== 0) yield toPage(sheet, page);
    const found = sheet.rows[index];
    if (found === undefined) {
      if (sheet.hasNext && sheet.rows.length > 0) continue;
      return 'shrank';
    }
    const formerly = walk.head.get(rowKey(found)) ?? 0;
    const added = (page - 1) * walk.pageSize + index - formerly;
    const expected = walk.firstTotal + added;
    if (shrank || sheet.total < expected) return 'shrank';
    return sheet.total > expected ? 'grew' : 'none';
  }
}

async function readChecked(read: ReadSheet, page: number, maxPages: number): Promise<Sheet> {
  if (page > maxPages) {
    throw new MonoPagingError(
      'TOO_MANY_PAGES',
      `more than ${maxPages} pages: narrow the window or raise the cap`,
    );
  }
  const sheet = await read(page);
  if (sheet.page !== undefined && sheet.page !== page) {
    throw new MonoPagingError('WRONG_PAGE', `asked for page ${page}, got page ${sheet.page}`);
  }
  return sheet;
}

/** The same rows again are a shift only if the list grew by as many since; else the provider repeats itself. */
function refuseRepeated(sheet: Sheet, page: number, seen: Map<string, number>): void {
  if (sheet.rows.length === 0) return;
  const hash = createHash('sha256')
    .update(JSON.stringify(sheet.rows.map(rowKey)))
    .digest('base64');
  const totalThen = seen.get(hash);
  if (totalThen !== undefined && sheet.total - totalThen < sheet.rows.length) {
    throw new MonoPagingError('REPEATING_PAGE', `page ${page} repeats the rows of an earlier page`);
  }
  seen.set(hash, sheet.total);
}

function startWalk(sheet: Sheet): Walk {
  return {
    head: new Map(sheet.rows.map((row, index) => [rowKey(row), index])),
    pageSize: sheet.rows.length,
    pages: 1,
    firstTotal: sheet.total,
    lastTotal: sheet.total,
    shrank: false,
  };
}

function toPage(sheet: Sheet, page: number): MonoPage {
  return { page, total: sheet.total, transactions: sheet.rows, raw: sheet.raw };
}
