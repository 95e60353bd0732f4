import { isShape } from '../config/validate.ts';
import { CountersignError } from '../errors.ts';
import { Type } from '../type.ts';
import type { LogLine, LogSource } from './define.ts';
import { fetchJson, type JsonEndpoint } from './fetch-json.ts';

/** Written from the documented shapes of `GET /loki/api/v1/query_range`. */
const Streams = Type.Object({
  status: Type.Literal('success'),
  data: Type.Object({
    resultType: Type.Literal('streams'),
    result: Type.Array(
      Type.Object({
        stream: Type.Record(Type.String(), Type.String()),
        // A third element may hold structured metadata.
        values: Type.Array(Type.Array(Type.Unknown(), { minItems: 2, maxItems: 3 })),
      }),
    ),
  }),
});

export interface LokiConfig {
  name: string;
  url: string;
  /** LogQL that is used where the caller gives none. */
  query?: string | undefined;
  headers?: Record<string, string> | undefined;
  timeoutMs?: number | undefined;
  /** Lines asked for at once; the server's own limit is 5,000 by default. */
  pageSize?: number | undefined;
}

interface Entry extends LogLine {
  /** Tells entries of one nanosecond apart. */
  key: string;
}

export function createLoki(config: LokiConfig): LogSource {
  const endpoint: JsonEndpoint = { ...config, title: `Loki \`${config.name}\`` };
  const pageSize = config.pageSize ?? 1_000;
  return {
    name: config.name,
    kind: 'loki',
    async *lines({ start, end, query = config.query, limit, signal }) {
      if (!query) {
        throw new CountersignError('CONFIG_INVALID', `${endpoint.title} has no query`, {
          hint: 'give `query` in the item, or under the source in the environments file',
        });
      }
      let from = nanoseconds(start);
      // `end` is exclusive there and inclusive here.
      const until = nanoseconds(end) + 1n;
      let seen = new Set<string>();
      for (let given = 0; given < limit; ) {
        const range = {
          query,
          start: `${from}`,
          end: `${until}`,
          limit: `${pageSize}`,
          direction: 'forward',
        };
        const page = entriesOf(
          endpoint,
          await fetchJson(endpoint, '/loki/api/v1/query_range', range, signal),
        );
        const fresh = page.filter(({ key }) => !seen.has(key));
        for (const { at, text } of fresh.slice(0, limit - given)) yield { at, text };
        given += fresh.length;
        if (page.length < pageSize) return;
        from = nextStart(endpoint, page, from, fresh.length);
        seen = new Set(page.filter(({ at }) => BigInt(at) === from).map(({ key }) => key));
      }
    },
  };
}

/** The last nanosecond of a full page is asked for again, since more of its lines may follow. */
function nextStart(endpoint: JsonEndpoint, page: Entry[], from: bigint, fresh: number): bigint {
  const last = BigInt(page.at(-1)?.at ?? from);
  if (fresh > 0 && last > from) return last;
  throw new CountersignError(
    'SOURCE_ANSWER',
    `${endpoint.title} has more lines in one instant than a page holds`,
  );
}

function entriesOf(endpoint: JsonEndpoint, answer: unknown): Entry[] {
  if (!isShape(Streams, answer)) {
    throw new CountersignError('SOURCE_ANSWER', `${endpoint.title} gave an answer of an unknown shape`, {
      hint: 'the query must select log lines, not a metric',
    });
  }
  const entries = answer.data.result.flatMap(({ stream, values }) =>
    values.map(([at, text], position): Entry => {
      if (typeof at !== 'string' || !/^[0-9]{1,19}$/.test(at) || typeof text !== 'string') {
        throw new CountersignError(
          'SOURCE_ANSWER',
          `${endpoint.title} gave line ${position} an unknown shape`,
        );
      }
      return { at, text, key: JSON.stringify([at, stream, text]) };
    }),
  );
  return entries.sort((a, b) => compare(BigInt(a.at), BigInt(b.at)));
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function nanoseconds(instant: Date): bigint {
  return BigInt(instant.getTime()) * 1_000_000n;
}
