import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findTool } from '../../tools/find.ts';
import { kindContract } from '../contract.ts';
import { probe, startBench } from './fixtures/bench.ts';
import latency from './latency.ts';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

const reportWith = (facts: object) => ({
  predicate: { items: [{ id: 'test-item', check: 'latency', attempts: [{ facts }] }] },
});

describe('H2: latency', () => {
  it('measures a service with a script in TypeScript', async () => {
    const used = bench.context();
    const facts = await bench.measure({ thresholds: { http_req_duration: ['p(95)<2000'] } }, used);
    expect(facts).toMatchObject({
      errors: 0,
      error_rate: 0,
      exceptions: 0,
      checks: [{ name: 'answers 200', passes: facts.requests, fails: 0 }],
      checks_failed: 0,
      thresholds: [{ metric: 'http_req_duration', expression: 'p(95)<2000', ok: true }],
      comparisons: [],
      max_vus: 2,
      window_ms: 1000,
    });
    expect(facts.requests).toBeGreaterThan(10);
    const { min_ms, p50_ms, p90_ms, p95_ms, p99_ms, max_ms } = facts;
    const rising = [min_ms, p50_ms, p90_ms, p95_ms, p99_ms, max_ms];
    expect(rising).toEqual(rising.toSorted((a, b) => a - b));
    expect(facts.windows.reduce((sum, window) => sum + window.requests, 0)).toBe(facts.requests);
    expect([...used.artifacts.keys()].sort()).toEqual(
      ['k6.log', 'latency.svg', 'script-probe.ts', 'series.csv', 'summary.json'].sort(),
    );
    expect(used.artifacts.get('latency.svg')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  it('shows a slow endpoint and the threshold that it breaks', async () => {
    const slow: RequestListener = async (_request, response) => {
      await pause(120);
      response.end('ok');
    };
    const facts = await bench.answeredBy(slow, () =>
      bench.measure({ thresholds: { http_req_duration: ['p(95)<50', 'p(95)<5000'] } }),
    );
    expect(facts.p50_ms).toBeGreaterThanOrEqual(100);
    expect(facts.thresholds_failed).toBe(1);
    expect(facts.thresholds).toContainEqual({
      metric: 'http_req_duration',
      expression: 'p(95)<50',
      ok: false,
    });
  });

  it('counts checks and requests that fail', async () => {
    const facts = await bench.answeredBy(
      (_request, response) => void response.writeHead(500).end(),
      () => bench.measure({ iterations: 6 }),
    );
    expect(facts).toMatchObject({ requests: 6, iterations: 6, errors: 6, error_rate: 1, checks_failed: 6 });
    expect(facts.windows.reduce((sum, window) => sum + window.errors, 0)).toBe(6);
  });

  it('finds the bad window that the whole run hides', async () => {
    const from = Date.now();
    const badAfter = 2_500;
    const late: RequestListener = async (_request, response) => {
      const since = Date.now() - from;
      if (since > badAfter && since < badAfter + 1_200) await pause(400);
      response.end('ok');
    };
    const facts = await bench.answeredBy(late, () => bench.measure({ duration: '6s', vus: 1 }));
    expect(facts.p90_ms).toBeLessThan(300);
    expect(facts.worst_window.p95_ms).toBeGreaterThanOrEqual(395);
    expect(facts.windows.filter(({ p95_ms }) => p95_ms >= 395).length).toBeLessThan(facts.windows.length / 2);
  });

  it('does not overlook a service that hangs until the end of the load', async () => {
    let answered = 0;
    const hanging: RequestListener = (_request, response) => {
      answered += 1;
      if (answered < 40) response.end('ok');
    };
    const scenario = { executor: 'constant-vus', vus: 2, duration: '2s', gracefulStop: '1s', exec: 'browse' };
    await bench.add(
      'browse.ts',
      probe(`export const options = ${JSON.stringify({ scenarios: { own: scenario } })};`).replace(
        'export default function',
        'export function browse',
      ),
    );
    const used = bench.context();
    const running = bench.answeredBy(hanging, () =>
      latency.measure({ script: 'browse.ts', window: '1s' }, used),
    );
    await expect(running).rejects.toMatchObject({
      code: 'NO_DATA',
      message: expect.stringMatching(/^2 iterations had not ended/),
    });
    expect(JSON.parse(used.artifacts.get('summary.json') ?? '')).toMatchObject({
      metrics: { iterations: { values: { count: 39 } } },
    });
  });

  it('counts iterations that the script ended with an exception: to k6 they are fine', async () => {
    await bench.add('odd.ts', probe('').replace('sleep(0.02);', "throw new Error('odd');"));
    expect(await bench.measure({ script: 'odd.ts', iterations: 3 })).toMatchObject({
      exceptions: 3,
      errors: 0,
    });
  });

  it("holds the script's own thresholds, without letting one cut the run short", async () => {
    await bench.add(
      'own.ts',
      probe(`export const options = { vus: 1, iterations: 5,
        thresholds: { http_reqs: [{ threshold: 'count<1', abortOnFail: true }] } };`),
    );
    const facts = (await latency.measure({ script: 'own.ts', window: '1s' }, bench.context())).facts;
    expect(facts).toMatchObject({ requests: 5, thresholds: [{ expression: 'count<1', ok: false }] });
  });

  it('compares with an earlier run of the same load', async () => {
    const load = { duration: '6s', vus: 1 };
    const before = await bench.measure(load);
    await bench.add('report.json', JSON.stringify(reportWith(before)));
    const slow: RequestListener = async (_request, response) => {
      await pause(60);
      response.end('ok');
    };
    const used = bench.context();
    const { comparisons } = await bench.answeredBy(slow, () =>
      bench.measure({ ...load, compare: '.' }, used),
    );
    expect(JSON.parse(used.artifacts.get('compared.json') ?? '')).toMatchObject({
      requests: before.requests,
    });
    expect(comparisons.map(({ percentile }) => percentile)).toEqual(['p50', 'p95', 'p99']);
    expect(comparisons[0]?.low).toBeGreaterThan(1);
    // Neither waits for a load to end.
    const hour = { duration: '1h', max_duration: '2h', vus: 1 };
    await expect(bench.measure({ ...hour, window: '10s', compare: '.' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('another `load`'),
    });
    await expect(bench.measure({ ...hour, window: '10s', compare: 'gone' })).rejects.toMatchObject({
      code: 'CONFIG_MISSING',
      message: expect.stringContaining('`gone` is neither'),
    });
  });
});

describe('H2: latency refuses to call nothing a measurement', () => {
  const silent =
    "import { check } from 'k6';\nexport default function () { check(1, { one: () => true }); }\n";
  const unchecked =
    "import http from 'k6/http';\nexport default function () { http.get(`${__ENV.BASE_URL}/`); }\n";
  const aborts = probe("import exec from 'k6/execution';").replace('sleep(0.02)', 'exec.test.abort()');
  it.each([
    ['no request', silent, {}, 'NO_DATA'],
    ['no check', unchecked, {}, 'NO_DATA'],
    ['a script that aborts the run', aborts, {}, 'SCRIPT_FAILED'],
    [
      'a threshold over no sample',
      probe(''),
      { thresholds: { 'http_req_duration{name:no}': ['p(95)<9'] } },
      'NO_DATA',
    ],
    [
      'a threshold on a metric that is none',
      probe(''),
      { thresholds: { nothing: ['count<1'] } },
      'CONFIG_INVALID',
    ],
    ['a script that does not parse', 'export default function (', {}, 'CONFIG_INVALID'],
    [
      'windows without requests',
      probe('').replace('sleep(0.02)', 'sleep(3)'),
      { iterations: 2, vus: 1, duration: '20s' },
      'NO_DATA',
    ],
  ])('%s', async (_name, text, options, code) => {
    await bench.add('nothing.ts', text);
    await expect(bench.measure({ script: 'nothing.ts', iterations: 2, ...options })).rejects.toMatchObject({
      code,
    });
  });

  it('ends k6 and everything around it when told to stop, and gives no facts', async () => {
    const stop = new AbortController();
    const first = Promise.withResolvers<Socket>();
    const running = bench.answeredBy(
      (request, response) => {
        first.resolve(request.socket);
        response.end('ok');
      },
      () => bench.measure({ duration: '60s' }, bench.context({ signal: stop.signal })),
    );
    const refused = expect(running).rejects.toMatchObject({ code: 'TIMED_OUT' });
    const socket = await first.promise;
    const closed = new Promise((resolve) => socket.once('close', resolve));
    stop.abort();
    await refused;
    await closed;
  });

  it('says how to get k6 where it is missing, and uses nothing else', async () => {
    const tool = () =>
      findTool('k6', { env: {}, cacheDir: join(bench.root, 'empty') }).then(({ path }) => path);
    await expect(bench.measure({}, bench.context({ tool }))).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      hint: expect.stringContaining('doctor --bring'),
    });
  });
});

const noisy = `import { check } from 'k6';
import http from 'k6/http';
export default function () {
  console.log(__ENV.TOKEN);
  check(http.get(\`\${__ENV.BASE_URL}/\${__ENV.TOKEN}\`), { [\`answers \${__ENV.TOKEN}\`]: ({ status }) => status === 200 });
}
`;
const contract = async ({ secrets, signal }: { secrets: Record<string, string>; signal: AbortSignal }) => {
  await bench.add('noisy.js', noisy);
  return bench.context({ secrets, signal });
};
const secretEnv = { TOKEN: '${secret.PLANTED}' };

kindContract(latency, {
  working: { options: { script: 'noisy.js', iterations: 3, env: secretEnv }, makeContext: contract },
  hanging: { options: { script: 'noisy.js', duration: '60s', env: secretEnv }, makeContext: contract },
  unreachable: { options: { script: 'nowhere-${secret.PLANTED}' }, makeContext: contract },
});
