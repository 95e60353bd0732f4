import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { ItemReport, Statement } from '../report/schema.ts';
import { type CliResult, runCli, testProject } from '../testing/cli.ts';
import { runCommand } from '../testing/in-process.ts';

const api = fileURLToPath(new URL('../index.ts', import.meta.url));

/** A kind of a user's own, with every misbehaviour that a gate has to survive. */
const config = `import { defineCheck, Options } from ${JSON.stringify(api)};
import Type from ${JSON.stringify(import.meta.resolve('typebox'))};
const given = {
  good: () => 1,
  copy: async (context) => { const own = { ...context }; await own.artifact('a', own.redact('b')); return own.signal ? 1 : 0; },
  bigint: () => 1n,
  nan: () => ({ '': Number.NaN }),
  date: () => new Date(0),
  circle: () => { const a = {}; a.a = a; return a; },
  bare: () => { throw Object.create(null); },
  zero: () => 0,
  huge: () => 'x'.repeat(9_000_000),
  proto: () => JSON.parse('{"__proto__": {"v": 1}}'),
  deep: () => JSON.parse('['.repeat(5_000) + ']'.repeat(5_000)),
  // So deep that its lines are mostly indentation: small to measure, large to report.
  large: () => Array.from({ length: 60 }).reduce((inner) => [inner], Array(600_000).fill(1)),
  leak: () => { setInterval(() => {}, 1_000); return 1; },
  uncaught: () => { setTimeout(() => { throw new Error('thrown in a timer'); }, 10); return 1; },
  lines: () => { throw new Error('one\\n::error::two\\u001b[31m'); },
  shy: (context) => { context.signal.throwIfAborted(); return 0; },
  late: async (context) => {
    await new Promise((done) => context.signal.addEventListener('abort', done, { once: true }));
    await new Promise((done) => setTimeout(done, 6_000));
    await context.artifact('late', 'too late');
    return 1;
  },
  wait: async (context) => { await new Promise((_, fail) => {
    const stop = () => fail(context.signal.reason);
    if (context.signal.aborted) stop(); else context.signal.addEventListener('abort', stop);
    setTimeout(() => {}, 30_000).unref();
  }); },
};
export default { checks: [defineCheck({
  kind: 'odd', summary: 'Misbehave', options: Options({ how: Type.String() }),
  facts: Type.Object({ v: Type.Unknown({ 'x-cel': 'dyn' }) }), expect: ['v == 1'], effects: 'reads',
  measure: async ({ how }, context) => ({ facts: { v: await given[how](context) } }),
})] };
`;

let root: string;
beforeAll(async () => {
  const gate = (name: string, items: Record<string, object>, more: object = {}) =>
    stringify({
      gate: name,
      title: name,
      environment: 'local',
      ...more,
      items: Object.entries(items).map(([how, item]) => ({
        id: how,
        title: how,
        check: 'odd',
        with: { how },
        ...item,
      })),
      sign: { require: [{ role: 'qa' }] },
    });
  const odd = Object.fromEntries(
    ['good', 'copy', 'bigint', 'nan', 'date', 'circle', 'bare', 'lines', 'huge', 'proto', 'deep'].map(
      (how) => [how, {}],
    ),
  );
  root = await testProject({
    'countersign.config.ts': config,
    'checklists/environments.yml': stringify({
      environments: {
        local: { title: 'L', rehearsal: true },
        stacked: { title: 'S', rehearsal: true, stack: { services: [] } },
      },
    }),
    'checklists/odd.gate.yml': gate('odd', odd),
    'checklists/leak.gate.yml': gate('leak', { leak: {} }),
    'checklists/uncaught.gate.yml': gate('uncaught', { uncaught: {}, wait: {} }),
    'checklists/late.gate.yml': gate('late', { late: { timeout: '100ms' } }),
    'checklists/deadline.gate.yml': gate('deadline', { wait: {} }, { timeout: '200ms' }),
    'checklists/long.gate.yml': gate('long', { good: { timeout: '30d' } }, { timeout: '60d' }),
    'checklists/large.gate.yml': gate('large', { large: {} }),
    'checklists/settling.gate.yml': gate(
      'settling',
      { shy: { settle: '1h', retry_after: '1m' } },
      { timeout: '500ms' },
    ),
  });
});

async function run(gate: string, ...flags: string[]) {
  return reported(await runCommand(root, ['gate', 'run', gate, '--json', ...flags]));
}

/** A process of its own, with an end of its own. */
const runAlone = async (gate: string) => reported(await runCli(root, ['gate', 'run', gate, '--json']));

async function reported(result: CliResult) {
  const { folder } = JSON.parse(result.stdout) as { folder: string };
  const { predicate } = JSON.parse(await readFile(join(root, folder, 'report.json'), 'utf8')) as Statement;
  const item = (id: string) => predicate.items.find((each) => each.id === id) as ItemReport;
  return { ...result, folder, predicate, item };
}

const verify = (folder: string) => runCommand(root, ['gate', 'verify', folder]);

describe('a gate with kinds that misbehave', () => {
  it('has a report and a cause for each, whatever they return or throw', async () => {
    const { exit, stderr, folder, item } = await run('odd');
    expect(exit).toBe(1);
    expect(item('good').state).toBe('passed');
    expect(item('copy').state, 'a kind may copy its context').toBe('passed');
    expect(item('bigint').reason).toBe('the fact `v` is a bigint, which JSON can not hold');
    expect(item('nan').reason).toBe('the fact `v.` is not a finite number');
    expect(item('circle').reason).toContain('circular');
    expect(item('huge').attempts[0]?.error?.code).toBe('EVIDENCE_TOO_LARGE');
    expect(item('proto').reason).toBe('the facts have a key `__proto__`, which no report can hold');
    expect(item('deep').reason).toBe('the facts are nested deeper than 64 levels');
    expect(item('bare').reason).toBe('[Object: null prototype] {}');
    // What is judged is what is kept, so that judging it again gives the same.
    expect(item('date')).toMatchObject({
      state: 'failed',
      attempts: [{ facts: { v: '1970-01-01T00:00:00.000Z' } }],
    });
    expect((await verify(folder)).exit).toBe(1);
    expect(stderr).toContain('one ::error::two');
    expect(stderr).not.toMatch(/^::|\u001b/m);
  });

  it('ends although a check left a timer behind', async () => {
    expect((await runAlone('leak')).exit).toBe(0);
  });

  it('ends with 3 and the cause where nobody caught what a check threw', async () => {
    const { stderr, item } = await runUncaught();
    expect(stderr).toContain('error INTERNAL: thrown in a timer');
    expect(stderr).not.toMatch(/^ +at /m);
    expect(item).toContain('thrown in a timer');
  });

  async function runUncaught() {
    const { exit, stderr } = await runCli(root, ['gate', 'run', 'uncaught']);
    expect(exit).toBe(3);
    return { stderr, item: (await runCommand(root, ['gate', 'show', 'latest', 'wait'])).stdout };
  }

  it('keeps no evidence of a check that goes on after it was given up', async () => {
    const { exit, folder } = await run('late');
    expect(exit).toBe(3);
    expect((await verify(folder)).exit).toBe(3);
    expect(await readdir(join(root, folder, 'evidence'))).toHaveLength(1);
  });

  it('is the latest run from its first moment: `latest` must not be an older one that passed', async () => {
    await run('long');
    const killed = await runCli(root, ['gate', 'run', 'settling'], {}, '1 item on');
    expect(killed.exit).toBeNull();
    expect((await verify('latest')).stderr).toContain('the run did not finish');
  });

  it('says that its deadline passed', async () => {
    const { exit, item } = await run('deadline');
    expect(exit).toBe(3);
    expect(item('wait')).toMatchObject({
      state: 'error',
      reason: "the gate's deadline of 200ms passed",
      attempts: [{ error: { code: 'TIMED_OUT' } }],
    });
  });

  it('T20: says in its report that the clocks of the stack ran faster, and refuses where there are none', async () => {
    expect((await runCommand(root, ['gate', 'run', 'odd', '--rehearse', '10'])).exit).toBe(2);
    const { predicate, exit } = await run('odd', '--env', 'stacked', '--rehearse', '10');
    expect(exit).toBe(1);
    expect(predicate.relaxations).toEqual(['intervals and durations of the local stack were divided by 10']);
  });

  it('is no report where it is larger than what can be verified', async () => {
    const { exit, stdout, stderr } = await runCommand(root, ['gate', 'run', 'large']);
    expect(exit).toBe(4);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/report.json has [0-9]+ bytes; at most [0-9]+ are read/);
  });

  it('waits as long as it was told, also for longer than a timer can', async () => {
    const { exit, stderr } = await runAlone('long');
    expect(exit).toBe(0);
    expect(stderr).not.toContain('Warning');
  });

  it('keeps what it measured last when it is stopped while something settles', async () => {
    const { exit, item } = await run('settling');
    expect(exit).toBe(1);
    expect(item('shy')).toMatchObject({ state: 'failed', settled: { measurements: 1 } });
  });
});
