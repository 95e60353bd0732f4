import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { LogLine } from './define.ts';
import { createLoki } from './loki.ts';

/** A stand-in that answers the documented shapes of `query_range`, and nothing else. */
let server: Server | undefined;
const asked: URL[] = [];

async function serve(answer: (url: URL) => unknown, status = 200): Promise<string> {
  asked.length = 0;
  server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://loki');
    asked.push(url);
    const body = answer(url);
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function collect(lines: AsyncIterable<LogLine>): Promise<LogLine[]> {
  const all: LogLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

type Entry = { at: bigint; app: string; text: string };

function paged(entries: Entry[]): (url: URL) => unknown {
  return (url) => {
    const ask = (name: string) => url.searchParams.get(name) ?? '';
    const found = entries
      .filter(({ at }) => at >= BigInt(ask('start')) && at < BigInt(ask('end')))
      .sort((a, b) => Number(a.at - b.at))
      .slice(0, Number(ask('limit')));
    const streams = Map.groupBy(found, ({ app }) => app);
    const result = [...streams].map(([app, own]) => ({
      stream: { app },
      values: own.map(({ at, text }) => [`${at}`, text]),
    }));
    return { status: 'success', data: { resultType: 'streams', result, stats: {} } };
  };
}

const start = new Date('2026-11-20T08:00:00Z');
const end = new Date('2026-11-20T09:00:00Z');
const origin = BigInt(start.getTime()) * 1_000_000n;

function read(url: string, options: { pageSize?: number; limit?: number } = {}): Promise<LogLine[]> {
  const source = createLoki({ name: 'logs', url, query: '{job="app"}', pageSize: options.pageSize });
  return collect(source.lines({ start, end, limit: options.limit ?? 1_000 }));
}

describe('createLoki', () => {
  it('merges streams by time and asks for the window', async () => {
    const url = await serve(
      paged([
        { at: origin, app: 'a', text: 'first' },
        { at: origin + 2n, app: 'a', text: 'third' },
        { at: origin + 1n, app: 'b', text: 'second' },
        { at: BigInt(end.getTime()) * 1_000_000n, app: 'b', text: 'at the end' },
      ]),
    );
    expect((await read(url)).map(({ text }) => text)).toEqual(['first', 'second', 'third', 'at the end']);
    expect(asked[0]?.pathname).toBe('/loki/api/v1/query_range');
    expect(asked[0]?.searchParams.get('query')).toBe('{job="app"}');
    expect(asked[0]?.searchParams.get('direction')).toBe('forward');
  });

  it('gives every line once, however pages fall', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.record({ at: fc.nat(30), app: fc.constantFrom('a', 'b'), text: fc.string() }), {
          selector: ({ at, app, text }) => JSON.stringify([at, app, text]),
          maxLength: 40,
        }),
        fc.integer({ min: 20, max: 45 }),
        async (entries, pageSize) => {
          const crowded = [...Map.groupBy(entries, ({ at }) => at).values()].some(
            (own) => own.length >= pageSize,
          );
          fc.pre(!crowded);
          const url = await serve(
            paged(entries.map((entry) => ({ ...entry, at: origin + BigInt(entry.at) }))),
          );
          const found = await read(url, { pageSize });
          server?.close();
          expect(found.map(({ text }) => text).sort()).toEqual(entries.map(({ text }) => text).sort());
        },
      ),
      { numRuns: 30 },
    );
  });

  it('gives no more lines than asked for', async () => {
    const url = await serve(
      paged(Array.from({ length: 9 }, (_, i) => ({ at: origin + BigInt(i), app: 'a', text: `${i}` }))),
    );
    expect(await read(url, { limit: 5, pageSize: 3 })).toHaveLength(5);
  });

  it('refuses to lose lines when one instant holds more than a page', async () => {
    const url = await serve(
      paged(Array.from({ length: 5 }, (_, i) => ({ at: origin, app: 'a', text: `${i}` }))),
    );
    await expect(read(url, { pageSize: 2 })).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
  });

  it.each([
    ['a metric', { status: 'success', data: { resultType: 'matrix', result: [] } }, 200],
    [
      'a time that is a number',
      { status: 'success', data: { resultType: 'streams', result: [{ stream: {}, values: [[1, 'x']] }] } },
      200,
    ],
    ['an error', 'parse error at line 1', 400],
    ['a page', '<html>', 200],
  ])('refuses %s', async (_name, body, status) => {
    await expect(read(await serve(() => body, status))).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
  });

  it('says that nobody answers, and that there is no query', async () => {
    await expect(read('http://127.0.0.1:1')).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    const bare = createLoki({ name: 'logs', url: 'http://127.0.0.1:1' });
    await expect(collect(bare.lines({ start, end, limit: 1 }))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});
