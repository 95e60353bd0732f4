import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Histogram } from './histogram.ts';
import { readSeries, Series } from './series.ts';

const start = Date.parse('2026-11-25T08:30:00Z');

describe('histogram', () => {
  it('is within half a percent of the exact percentile, for any durations', () => {
    const duration = fc.double({ min: 0.001, max: 3_000_000, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(duration, { minLength: 1 }),
        fc.constantFrom(0.5, 0.95, 0.99, 1),
        (values, share) => {
          const histogram = new Histogram();
          for (const value of values) histogram.add(value);
          const exact = values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? Number.NaN;
          expect(Math.abs(histogram.percentile(share) / exact - 1)).toBeLessThanOrEqual(0.0051);
        },
      ),
    );
  });

  it('has no percentile of nothing', () => {
    expect(new Histogram().percentile(0.5)).toBeNaN();
  });
});

describe('series', () => {
  it('puts every request into exactly one window, in whatever order they come', () => {
    const moments = fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1 });
    fc.assert(
      fc.property(moments, fc.constantFrom(1_000, 7_000, 10_000), (offsets, windowMs) => {
        const series = new Series(1_000);
        for (const offset of offsets) series.addDuration(start + offset, 5);
        const windows = series.windows(windowMs);
        expect(windows.reduce((sum, { requests }) => sum + requests, 0)).toBe(offsets.length);
      }),
    );
  });

  it('keeps a window in which nothing ended, and joins a short rest to the last one', () => {
    const series = new Series(1_000);
    for (const second of [0, 1, 20, 29, 30]) series.addDuration(start + second * 1_000, 5);
    expect(series.windows(10_000).map(({ requests }) => requests)).toEqual([2, 0, 3]);
  });

  it('does not grow without end', () => {
    const series = new Series(1_000);
    const flood = () => {
      for (let second = 0; second < 10_000; second += 1) series.addDuration(start + second * 1_000, 5);
    };
    expect(flood).toThrow('more time than the run had');
  });
});

describe('time series of k6', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-series-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function read(text: string) {
    const file = join(folder, 'series.csv.gz');
    await writeFile(file, gzipSync(text));
    return readSeries(file, 1_000);
  }
  const header = 'metric_name,timestamp,metric_value,check,name,scenario\n';

  it('takes durations and failures, whatever the tags hold', async () => {
    const series = await read(
      `${header}http_reqs,${start},1,,"a, ""b""",load\nhttp_req_duration,${start},12.5,,"a, ""b""",load\nhttp_req_failed,${start},1,,x,load\nhttp_req_failed,${start},0,,x,load\n`,
    );
    expect(series.windows(1_000)).toMatchObject([{ requests: 1, errors: 1, max_ms: 12.5 }]);
  });

  it('keeps what setup() and teardown() ask for out of the windows', async () => {
    const row = (metric: string, name: string, scenario: string) =>
      `${metric},${start},9.5,,${name},${scenario}\n`;
    const series = await read(
      [
        header,
        row('http_req_duration', '::setup', ''),
        row('http_req_failed', '"x,""load"",y"', ''),
        row('http_req_duration', '"q,"""",load"', 'load'),
        row('http_req_failed', '', 'load'),
      ].join(''),
    );
    expect(series.requests).toBe(2);
    expect(series.windows(1_000)).toMatchObject([{ requests: 1, errors: 1 }]);
  });

  it.each([
    ['other columns', 'a,b,c\n'],
    ['requests without a scenario', 'metric_name,timestamp,metric_value,check,name\n'],
    ['a value that is no number', `${header}http_req_duration,${start},NaN,,\n`],
    ['a line that was cut', `${header}http_req_duration,${start}`],
  ])('refuses %s', async (_name, text) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
  });

  it('refuses a file that was cut', async () => {
    const file = join(folder, 'cut.csv.gz');
    await writeFile(file, gzipSync(`${header}${'http_reqs,1,1,,\n'.repeat(1_000)}`).subarray(0, 60));
    await expect(readSeries(file, 1_000)).rejects.toThrow();
  });
});
