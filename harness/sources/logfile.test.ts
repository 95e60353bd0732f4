import { appendFile, mkdtemp, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogLine } from './define.ts';
import { createLogFile, LONGEST_LINE } from './logfile.ts';

const start = new Date('2026-11-20T08:00:00Z');
const end = new Date('2026-11-20T09:00:00Z');
async function collect(lines: AsyncIterable<LogLine>): Promise<LogLine[]> {
  const all: LogLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-logfile-'));
  path = join(folder, 'app.log');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function read(options: { limit?: number; time?: string } = {}): Promise<LogLine[]> {
  const source = createLogFile({ name: 'app', path, time: options.time });
  return collect(source.lines({ start, end, limit: options.limit ?? 1_000 }));
}

const line = (time: unknown, text = 'x') => `${JSON.stringify({ time, text })}\n`;

describe('createLogFile', () => {
  it('gives the lines of the window with their time, and lines without one', async () => {
    await writeFile(
      path,
      line('2026-11-20T07:59:59.999Z') +
        line('2026-11-20T08:00:00Z', 'first') +
        line(Date.parse('2026-11-20T09:00:00Z'), 'last') +
        line('2026-11-20T09:00:00.001Z') +
        'no time\n{broken\n[1]\n{"time":"soon"}\n',
    );
    expect((await read()).map(({ at }) => at)).toEqual([
      '1795161600000000000',
      '1795165200000000000',
      '',
      '',
      '',
      '',
    ]);
  });

  it('takes a time without a zone for none: it means another moment on each machine', async () => {
    await writeFile(path, line('2026-11-20T08:30:00.123') + line('2026-11-20T09:30:00.123+01:00'));
    expect((await read()).map(({ at }) => at)).toEqual(['', '1795163400123000000']);
  });

  it('reads the time from another field', async () => {
    await writeFile(path, '{"ts":"2026-11-20T08:30:00Z"}\n{"time":"2026-11-20T08:30:00Z"}\n');
    expect((await read({ time: 'ts' })).map(({ at }) => at !== '')).toEqual([true, false]);
  });

  it('gives no more lines than asked for', async () => {
    await writeFile(path, 'a\nb\nc\n');
    expect((await read({ limit: 2 })).map(({ text }) => text)).toEqual(['a', 'b']);
  });

  it('reads an empty file, a last line without an end, and Windows line ends', async () => {
    await writeFile(path, '');
    expect(await read()).toEqual([]);
    await writeFile(path, 'one\r\n\r\n\ntwo');
    expect((await read()).map(({ text }) => text)).toEqual(['one', '', 'two']);
  });

  it('cuts a huge line and goes on with the next', async () => {
    await writeFile(path, `${'a'.repeat(3 * LONGEST_LINE)}\nnext\n${'b'.repeat(LONGEST_LINE + 1)}\nend\n`);
    expect((await read()).map(({ text }) => text.length)).toEqual([LONGEST_LINE, 4, LONGEST_LINE, 3]);
  });

  it('survives bytes that are no text', async () => {
    await writeFile(path, Buffer.from([0xff, 0xfe, 0x00, 0x0a, 0xc3, 0x28, 0x0a]));
    expect(await read()).toHaveLength(2);
  });

  it('keeps a character whole that stands across two reads', async () => {
    const text = `${'a'.repeat(LONGEST_LINE - 3)}é`;
    await writeFile(path, `x\n${text}\n`);
    expect((await read())[1]?.text).toBe(text);
  });

  it('reads the files it was rotated to, oldest first, packed ones too', async () => {
    await writeFile(`${path}.10.gz`, gzipSync(line('2026-11-20T08:05:00Z', 'oldest')));
    await writeFile(`${path}.2`, line('2026-11-20T08:10:00Z', 'older'));
    await writeFile(`${path}.bak`, line('2026-11-20T08:10:00Z', 'not ours'));
    await writeFile(path, line('2026-11-20T08:20:00Z', 'newest'));
    const texts = (await read()).map(({ text }) => JSON.parse(text).text);
    expect(texts).toEqual(['oldest', 'older', 'newest']);
  });

  it('leaves out a rotated file that ended before the window', async () => {
    await writeFile(`${path}.1`, 'old\n');
    const before = new Date(start.getTime() - 1_000);
    await utimes(`${path}.1`, before, before);
    await writeFile(path, 'new\n');
    expect((await read()).map(({ text }) => text)).toEqual(['new']);
  });

  it('goes on reading the file it opened when that is moved away meanwhile', async () => {
    await writeFile(path, 'a\nb\n');
    const lines = createLogFile({ name: 'app', path }).lines({ start, end, limit: 10 });
    const seen: string[] = [];
    for await (const { text } of lines) {
      seen.push(text);
      if (text === 'a') await rename(path, `${path}.1`);
    }
    expect(seen).toEqual(['a', 'b']);
  });

  it('ends where a file ends that is cut meanwhile', async () => {
    await writeFile(path, 'a\n'.repeat(200_000));
    let seen = 0;
    for await (const _line of createLogFile({ name: 'app', path }).lines({ start, end, limit: 1e6 })) {
      if (seen === 0) await truncate(path, 0);
      seen += 1;
    }
    expect(seen).toBeLessThan(200_000);
    await appendFile(path, 'fresh\n');
    expect(await read()).toHaveLength(1);
  });

  it('refuses a missing file, a folder and a broken archive', async () => {
    await expect(read()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    await writeFile(path, 'a\n');
    await writeFile(`${path}.1.gz`, 'not packed');
    await expect(read()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
    path = folder;
    await expect(read()).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });

  it('stops when it is told to', async () => {
    await writeFile(path, 'a\n');
    const lines = createLogFile({ name: 'app', path }).lines({
      start,
      end,
      limit: 1,
      signal: AbortSignal.abort(),
    });
    await expect(collect(lines)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
