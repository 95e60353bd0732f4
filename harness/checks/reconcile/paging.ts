import { setTimeout as pause } from 'node:timers/promises';
import { CountersignError } from '../../errors.ts';
import type { HttpAnswer, HttpSource } from '../../sources/define.ts';
import { isObject, pointTo } from '../json.ts';
import type { ApiOptions, Paging } from './options.ts';

export interface Page {
  number: number;
  rows: unknown[];
  /** What the API said its total was when it served this page. */
  total: number | undefined;
}

const maxBytes = 16 * 1024 * 1024;
const timeoutMs = 30_000;
const defaultMaxPages = 1_000;
const busyRetries = 3;
const longestPauseSeconds = 30;

/** Asks page after page. Addresses in answers are never followed: only the declared parameter moves. */
export async function* readPages(
  source: HttpSource,
  api: ApiOptions,
  signal: AbortSignal,
): AsyncIterable<Page> {
  const { paging } = api;
  if (paging === 'none') {
    yield pageOf(api, paging, await ask(source, api, {}, signal), 1);
    return;
  }
  const limit =
    paging.limit_param && paging.limit ? { [paging.limit_param]: String(paging.limit) } : undefined;
  const maxPages = paging.max_pages ?? defaultMaxPages;
  const cursors = new Set<string>();
  let position = paging.kind === 'page' ? String(paging.start ?? 1) : undefined;
  let seen = 0;
  for (let number = 1; number <= maxPages; number += 1) {
    const query = { ...limit, ...(position === undefined ? {} : { [paging.param]: position }) };
    const answer = await ask(source, api, query, signal);
    const page = pageOf(api, paging, answer, number);
    seen += page.rows.length;
    yield page;
    position =
      paging.kind === 'page' ? nextNumber(paging, page, answer, seen) : nextCursor(paging, answer, cursors);
    if (position === undefined) return;
  }
  throw new CountersignError('SOURCE_ANSWER', `${api.path} has more than ${maxPages} pages`, {
    hint: 'raise `max_pages`, or narrow the query; a part of the rows is no total',
  });
}

/** A short page is no sign of the end: APIs cap the page size that was asked for. */
function nextNumber(
  paging: Extract<Paging, { kind: 'page' }>,
  page: Page,
  document: unknown,
  seen: number,
): string | undefined {
  const next = String((paging.start ?? 1) + page.number);
  if (page.rows.length === 0) return undefined;
  if (paging.next !== undefined) return isGiven(pointTo(document, paging.next)) ? next : undefined;
  if (page.total !== undefined) return seen < page.total ? next : undefined;
  return next;
}

function nextCursor(
  paging: Extract<Paging, { kind: 'cursor' }>,
  document: unknown,
  cursors: Set<string>,
): string | undefined {
  const cursor = pointTo(document, paging.next);
  if (!isGiven(cursor)) return undefined;
  if (typeof cursor !== 'string') throw badAnswer(`the cursor at \`${paging.next}\` is not a text or number`);
  if (cursors.has(cursor))
    throw badAnswer('the API gave a cursor for the second time: its pages go in a circle');
  cursors.add(cursor);
  return cursor;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== false;
}

function pageOf(api: ApiOptions, paging: Paging, document: unknown, number: number): Page {
  const rows = pointTo(document, api.rows);
  if (!Array.isArray(rows))
    throw badAnswer(`${api.path}: there is no list at \`${api.rows}\` of page ${number}`);
  const pointer = paging !== 'none' && paging.kind === 'page' ? paging.total : undefined;
  return { number, rows, total: pointer === undefined ? undefined : totalOf(document, pointer) };
}

function totalOf(document: unknown, pointer: string): number {
  const total = pointTo(document, pointer);
  if (typeof total === 'string' && /^\d{1,15}$/.test(total)) return Number(total);
  throw badAnswer(`the total at \`${pointer}\` is not a whole number`);
}

async function ask(
  source: HttpSource,
  api: ApiOptions,
  query: Record<string, string>,
  signal: AbortSignal,
): Promise<unknown> {
  for (let left = busyRetries; ; left -= 1) {
    const answer = await source.request({
      path: api.path,
      query: { ...api.query, ...query },
      headers: { accept: 'application/json', ...api.headers },
      maxBytes,
      timeoutMs,
      signal,
    });
    if (answer.status >= 200 && answer.status < 300) return parseNumbersAsText(answer, api.path);
    const seconds = left > 0 ? pauseAsked(answer) : undefined;
    if (seconds === undefined) throw badAnswer(`${api.path} answered ${answer.status}`);
    await pause(seconds * 1_000, undefined, { signal });
  }
}

function pauseAsked({ status, headers }: HttpAnswer): number | undefined {
  const text = headers['retry-after'] ?? '';
  if ((status !== 429 && status !== 503) || !/^\d{1,3}$/.test(text)) return undefined;
  return Number(text) <= longestPauseSeconds ? Number(text) : undefined;
}

type SourceReviver = (key: string, value: unknown, context: { source?: string }) => unknown;

/** Numbers stay the text that stood in the answer: as JavaScript numbers, amounts beyond 2^53 would be rounded. */
function parseNumbersAsText(answer: HttpAnswer, path: string): unknown {
  const keepText: SourceReviver = (_key, value, context) =>
    typeof value === 'number' ? context.source : value;
  let document: unknown;
  try {
    document = JSON.parse(answer.text(), keepText as Parameters<typeof JSON.parse>[1]);
  } catch {
    throw badAnswer(`${path} did not answer with JSON`);
  }
  if (!isObject(document) && !Array.isArray(document))
    throw badAnswer(`${path} answered with neither object nor list`);
  return document;
}

function badAnswer(message: string): CountersignError {
  return new CountersignError('SOURCE_ANSWER', message);
}
