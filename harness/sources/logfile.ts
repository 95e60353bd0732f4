import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { namesZone } from '../config/zone.ts';
import { CountersignError, messageOf } from '../errors.ts';
import type { LogLine, LogSource } from './define.ts';

export interface LogFileConfig {
  name: string;
  path: string;
  /** JSON field that holds a line's time: RFC 3339 text, or milliseconds since the epoch; text without a zone is none. Default `time`. */
  time?: string | undefined;
}

/** Characters of a line that are kept; what follows up to the line's end is dropped. */
export const LONGEST_LINE = 64 * 1024;

/** A log file and the files it was rotated to (`app.log.1`, `app.log.2.gz`) as far as they reach into the window. */
export function createLogFile(config: LogFileConfig): LogSource {
  const field = config.time ?? 'time';
  return {
    name: config.name,
    kind: 'logfile',
    async *lines({ start, end, limit, signal }) {
      let given = 0;
      for (const path of await filesSince(config, start)) {
        for await (const text of linesOf(config, path, signal)) {
          if (given >= limit) return;
          const at = timeOf(text, field);
          if (at !== undefined && (at < start.getTime() || at > end.getTime())) continue;
          given += 1;
          yield {
            at: at === undefined ? '' : nanoseconds(at),
            text,
            ...(text.length === LONGEST_LINE && { cut: true }),
          } satisfies LogLine;
        }
      }
    },
  };
}

async function filesSince(config: LogFileConfig, start: Date): Promise<string[]> {
  const folder = dirname(config.path);
  const base = basename(config.path);
  const rotated: { path: string; age: number }[] = [];
  try {
    for (const entry of await readdir(folder)) {
      const age = entry.startsWith(`${base}.`) && /^[0-9]+(?=(\.gz)?$)/.exec(entry.slice(base.length + 1));
      if (!age) continue;
      const path = join(folder, entry);
      if ((await stat(path)).mtime >= start) rotated.push({ path, age: Number(age[0]) });
    }
    await stat(config.path);
  } catch (thrown) {
    throw unreadable(config, thrown);
  }
  return [...rotated.sort((a, b) => b.age - a.age).map(({ path }) => path), config.path];
}

async function* linesOf(
  config: LogFileConfig,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let dropping = false;
  try {
    for await (const chunk of bytesOf(await open(path), path.endsWith('.gz'))) {
      signal?.throwIfAborted();
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        if (!dropping && part !== '') yield bounded(part);
        dropping = false;
      }
      if (dropping) rest = '';
      else if (rest.length > LONGEST_LINE) {
        yield bounded(rest);
        rest = '';
        dropping = true;
      }
    }
  } catch (thrown) {
    signal?.throwIfAborted();
    throw unreadable(config, thrown);
  }
  rest += decoder.decode();
  if (rest !== '' && !dropping) yield bounded(rest);
}

function bytesOf(handle: Awaited<ReturnType<typeof open>>, compressed: boolean): AsyncIterable<Uint8Array> {
  const raw = handle.createReadStream();
  // The error of either stream reaches the reader through the last one, which `pipeline` destroys.
  return compressed ? pipeline(raw, createGunzip(), () => {}) : raw;
}

function bounded(line: string): string {
  if (line.length > LONGEST_LINE) return line.slice(0, LONGEST_LINE);
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

function timeOf(text: string, field: string): number | undefined {
  if (!text.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = (JSON.parse(text) as Record<string, unknown>)[field];
  } catch {
    return undefined;
  }
  const at = typeof value === 'string' ? (namesZone(value) ? Date.parse(value) : undefined) : value;
  return typeof at === 'number' && Number.isFinite(at) && Math.abs(at) <= 8.64e15 ? at : undefined;
}

function nanoseconds(milliseconds: number): string {
  return String(BigInt(Math.trunc(milliseconds)) * 1_000_000n);
}

function unreadable(config: LogFileConfig, thrown: unknown): CountersignError {
  return new CountersignError(
    'SOURCE_UNREACHABLE',
    `the log file of \`${config.name}\` can't be read: ${messageOf(thrown)}`,
  );
}
