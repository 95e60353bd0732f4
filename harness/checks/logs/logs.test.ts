import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkExpectation, evaluateExpectation } from '../../gate/evaluate.ts';
import { createLogFile } from '../../sources/logfile.ts';
import { createLoki } from '../../sources/loki.ts';
import { fakeClock, testContext } from '../../testing/context.ts';
import { kindContract } from '../contract.ts';
import logs from './logs.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-logs-'));
const path = join(folder, 'app.log');
const now = '2026-11-20T09:00:00.000Z';
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const line = (minute: number, more: Record<string, unknown>) =>
  JSON.stringify({ time: `2026-11-20T08:${String(minute).padStart(2, '0')}:00.000Z`, ...more });
const write = (...lines: string[]) => writeFileSync(path, `${lines.join('\n')}\n`);

function context(file = path, signal = new AbortController().signal) {
  return testContext({
    signal,
    clock: fakeClock(now),
    environment: { vars: { run: 'sync-1' } },
    secrets: { PLANTED: 'hunter2-planted-secret-9f1c' },
    sources: { logs: async () => createLogFile({ name: 'app', path: file }) },
  });
}

type LogOptions = Parameters<typeof logs.measure>[0];
const measure = async (options: Partial<LogOptions> & Pick<LogOptions, 'match'>, from = context()) =>
  (await logs.measure({ within: '1h', ...options }, from)).facts;

function unmet(facts: Awaited<ReturnType<typeof measure>>): string[] {
  for (const text of logs.expect) expect(checkExpectation(text, logs.facts as never)).toBeUndefined();
  const subject = { facts, schema: logs.facts, needs: {} };
  return logs.expect.filter((text) => evaluateExpectation(text, subject as never).outcome !== 'true');
}

const working = {
  options: { within: '1h', match: [{ name: 'secret', regexp: 'hunter2' }] },
  makeContext: ({ signal, value }: { signal: AbortSignal; value: string }) => {
    write(line(30, { event: 'echo', value }));
    return context(path, signal);
  },
};

kindContract(logs as never, {
  working,
  unreachable: { ...working, makeContext: ({ signal }) => context(join(folder, 'none.log'), signal) },
});

describe('logs', () => {
  it('counts lines by text, field, value and pattern', async () => {
    write(
      line(10, { event: 'run.done', id: 'sync-1', payload: { count: 3 } }),
      line(20, { event: 'run.done', id: 'sync-2', payload: { count: 0 } }),
      line(30, { event: 'run.failed', level: 50 }),
      'Server listening',
      '{"cut',
    );
    const facts = await measure({
      match: [
        { name: 'done', field: 'event', equals: 'run.done' },
        { name: 'ids', field: 'id', like: '^sync-[0-9]+$' },
        { name: 'mine', field: 'id', equals: '${vars.run}' },
        { name: 'nested', field: '/payload/count', equals: 3 },
        { name: 'has_level', field: 'level' },
        { name: 'both', field: 'event', equals: 'run.done', regexp: 'sync-2' },
        { name: 'listening', regexp: '^Server', max: 5, min: 0 },
      ],
    });
    expect(facts).toMatchObject({ lines: 5, parsed: 3, unparsable: 2, undated: 2, complete: true });
    expect(facts.matches).toEqual({
      done: 2,
      ids: 2,
      mine: 1,
      nested: 1,
      has_level: 1,
      both: 1,
      listening: 0,
    });
    expect(facts.undated_matches).toMatchObject({ done: 0, listening: 1 });
    expect([facts.first, facts.last]).toEqual(['2026-11-20T08:10:00.000Z', '2026-11-20T08:30:00.000Z']);
    expect(facts).toMatchObject({ source_kind: 'logfile', verified_against: 'the files themselves' });
    expect(unmet(facts)).toEqual([]);
  });

  it('leaves out lines before the window', async () => {
    write(line(10, { event: 'old' }), line(59, { event: 'new' }));
    const facts = await measure({ within: '5m', match: [{ name: 'all', field: 'event' }] });
    expect(facts).toMatchObject({ lines: 1, matches: { all: 1 } });
  });

  it('finds too few and too many lines', async () => {
    write(line(10, { event: 'a' }), line(11, { event: 'a' }), line(12, { event: 'b' }));
    const facts = await measure({
      match: [
        { name: 'three_a', field: 'event', equals: 'a', min: 3 },
        { name: 'one_a', field: 'event', equals: 'a', max: 1 },
        { name: 'no_b', field: 'event', equals: 'b', max: 0 },
        { name: 'some_c', field: 'event', equals: 'c' },
        { name: 'no_c', field: 'event', equals: 'c', max: 0 },
      ],
    });
    expect(facts).toMatchObject({ too_few: ['three_a', 'some_c'], too_many: ['one_a', 'no_b'] });
    expect(unmet(facts)).toEqual(['size(too_few) == 0', 'size(too_many) == 0']);
  });

  it('is an error where a value may not be there, and no line has its field', async () => {
    write(line(10, { lvl: 'error' }), 'no JSON');
    const misspelt = { name: 'errors', field: 'level', equals: 'error', max: 0 };
    await expect(measure({ match: [misspelt] })).rejects.toThrow(
      'no line of `app` has the field `level`, so `errors` judged nothing',
    );
    write(line(10, { lvl: 'error' }), line(20, { level: 'info' }));
    expect((await measure({ match: [misspelt] })).matches).toEqual({ errors: 0 });
    // That a field is nowhere may be what is asked.
    expect((await measure({ match: [{ name: 'traces', field: 'stack', max: 0 }] })).too_many).toEqual([]);
  });

  it('is an error where no line has a time: a service that is silent for days broke no limit', async () => {
    write('plain text', '{"time":"2026-11-20T08:00:00.123","msg":"no zone"}');
    const match = [{ name: 'none', regexp: 'ERROR', max: 0 }];
    await expect(measure({ match })).rejects.toMatchObject({ code: 'NO_DATA' });
    expect(await measure({ match, allow_undated: { reason: 'new with each run' } })).toMatchObject({
      lines: 2,
    });
  });

  it('lets a line without a time break a limit but prove nothing, unless that was declared', async () => {
    write('plain ERROR text', line(10, {}));
    const match = [
      { name: 'none', regexp: 'ERROR', max: 0 },
      { name: 'some', regexp: 'plain' },
    ];
    expect(await measure({ match })).toMatchObject({ too_many: ['none'], too_few: ['some'] });
    const trusted = await measure({ match, allow_undated: { reason: 'the file is new with each run' } });
    expect(trusted).toMatchObject({ too_few: [], matches: { some: 1 } });
  });

  it('takes no line at all for an error', async () => {
    write(line(10, {}));
    await expect(measure({ within: '1m', match: [{ name: 'a', regexp: 'a' }] })).rejects.toMatchObject({
      code: 'NO_DATA',
    });
  });

  it('does not pass when there were more lines than it may read', async () => {
    write(...Array.from({ length: 5 }, (_, at) => line(at, { event: 'a' })));
    const facts = await measure({ max_lines: 4, match: [{ name: 'a', field: 'event' }] });
    expect(facts).toMatchObject({ lines: 4, complete: false });
    expect(unmet(facts)).toEqual(['complete']);
    expect(await measure({ max_lines: 5, match: [{ name: 'a', field: 'event' }] })).toMatchObject({
      complete: true,
    });
  });

  it('is incomplete where a line is longer than what is read of it: the rest may hold what must not be there', async () => {
    write(line(1, { event: 'fine' }), line(2, { pad: 'x'.repeat(70_000), password: 'hunter2' }));
    const facts = await measure({ match: [{ name: 'leaks', regexp: 'hunter2', max: 0 }] });
    expect(facts).toMatchObject({ too_many: [], complete: false });
    expect(unmet(facts)).toEqual(['complete']);
  });

  it('keeps a few matching lines, cut and redacted', async () => {
    write(
      line(1, { event: 'a', secret: 'hunter2-planted-secret-9f1c' }),
      line(2, { event: 'a', long: 'x'.repeat(9_000) }),
      line(3, { event: 'a' }),
    );
    const kept = context();
    await kept.secret('PLANTED');
    await measure({ samples: 2, match: [{ name: 'a', field: 'event' }] }, kept);
    const { a } = JSON.parse(kept.artifacts.get('samples.json') ?? '') as { a: string[] };
    expect(a).toHaveLength(2);
    expect(a[0]).toContain('[redacted]');
    expect(a[1]).toHaveLength(2_000);
  });

  it.each([
    ['nothing to look for', { name: 'a' }],
    ['a value without a field', { name: 'a', regexp: 'x', equals: 1 }],
    ['limits that exclude each other', { name: 'a', regexp: 'x', min: 2, max: 1 }],
    ['a broken pattern', { name: 'a', regexp: '(' }],
    ['a broken pattern for a field', { name: 'a', field: 'x', like: '[' }],
  ])('refuses %s, when linting and when measuring', async (_name, match) => {
    write(line(10, {}));
    const reported: string[] = [];
    const report = (_path: readonly (string | number)[], message: string) => void reported.push(message);
    const options = { within: '1h', match: [match] };
    await logs.lint?.(options, { root: '.', environment: undefined, report });
    expect(reported).toHaveLength(1);
    await expect(measure(options)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('refuses two matches of one name', async () => {
    write(line(10, {}));
    const match = [
      { name: 'a', regexp: 'x' },
      { name: 'a', regexp: 'y' },
    ];
    await expect(measure({ match })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('reads Loki, and says that its client knows only the documented shapes', async () => {
    const values = [['1795163400000000000', '{"event":"a"}']];
    const server = createServer((_request, response) => {
      const data = { resultType: 'streams', result: [{ stream: { job: 'app' }, values }] };
      response.end(JSON.stringify({ status: 'success', data }));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const loki = testContext({
      clock: fakeClock(now),
      sources: { logs: async () => createLoki({ name: 'loki', url, query: '{job="app"}' }) },
    });
    const facts = await measure({ match: [{ name: 'a', field: 'event', equals: 'a' }] }, loki);
    expect(facts).toMatchObject({
      matches: { a: 1 },
      first: '2026-11-20T08:30:00.000Z',
      source_kind: 'loki',
      verified_against: 'documented shapes',
    });
    server.close();
  });
});
