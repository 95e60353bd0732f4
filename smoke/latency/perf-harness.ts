import { rm, writeFile } from 'node:fs/promises';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { type Endpoint, type Sampled, sample } from './sampling.ts';

const mostSamples = 200;
const usage = `Usage: node smoke/latency/perf-harness.ts [--samples N] [--json FILE] [--base-url URL]

Quick mode of the performance checks: asks four endpoints of the platform one after the other, N times each, and
prints how long right answers took. Each is asked once more before that, unmeasured. For a load there is
\`countersign latency run\`.
  --samples   requests to each endpoint, 1 to ${mostSamples} (default 10)
  --json      file for the figures, in milliseconds: samples, endpoints with samples_ms, p50, p90, p95, p99, errors
  --base-url  the service (default: SMOKE_SERVICE_URL)
With SMOKE_TOKEN_MEMBER the transactions of that member are read; without it 401 is the right answer.
Exit codes: 0 every answer was right, 1 a request failed, 2 wrong usage, 3 nothing could be measured.
`;

interface Options {
  samples: number;
  json: string | undefined;
  base: string;
  token: string | undefined;
}

interface Result {
  base_url: string;
  at: string;
  unit: 'ms';
  /** Asked of each endpoint. */
  samples: number;
  /** Were transactions read by a member, or was the right answer a refusal? */
  as_member: boolean;
  /** The worst of the endpoints. */
  p95: number;
  errors: number;
  endpoints: Sampled[];
}

/** The four endpoints that the uptime checks watch, with the answers that they promise. */
function endpointsFor(token: string | undefined): Endpoint[] {
  const wanted = token === undefined ? 401 : 200;
  const open = (name: string, path: string, isRight: (body: unknown) => boolean): Endpoint => ({
    name,
    path,
    headers: { accept: 'application/json' },
    problemOf: (status, body) => wrong(status, 200) ?? (isRight(body) ? undefined : 'another body'),
  });
  return [
    open('health_endpoint', '/health', (body) => fieldOf(body, 'status') === 'ok'),
    {
      name: 'transactions_api',
      path: '/api/transactions?page=1&page_size=10',
      headers: {
        accept: 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      problemOf: (status, body) =>
        wrong(status, wanted) ??
        (wanted === 401 || Array.isArray(fieldOf(body, 'transactions')) ? undefined : 'another body'),
    },
    open('shop_items_api', '/api/shop/items', (body) => Array.isArray(fieldOf(body, 'items'))),
    open('moderation_enforcement_ping', '/api/moderation/enforcement/ping', (body) =>
      isDeepStrictEqual(body, { allow: true }),
    ),
  ];
}

function wrong(status: number, wanted: number): string | undefined {
  return status === wanted ? undefined : `status ${status}, not ${wanted}`;
}

function fieldOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
}

function optionsFrom(args: string[], env: NodeJS.ProcessEnv): Options | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', short: 'h' },
      samples: { type: 'string', default: '10' },
      json: { type: 'string' },
      'base-url': { type: 'string' },
    },
  });
  if (values.help) return 'help';
  const samples = Number(values.samples);
  if (!/^[0-9]+$/.test(values.samples) || samples < 1 || samples > mostSamples) {
    throw new Error(`--samples takes 1 to ${mostSamples}, not \`${values.samples}\``);
  }
  const base = values['base-url'] ?? env['SMOKE_SERVICE_URL'];
  if (!base) throw new Error('which service? Give --base-url URL or set SMOKE_SERVICE_URL');
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '') {
    throw new Error('the service is an http or https URL without a name, a password or a query');
  }
  return {
    samples,
    json: values.json,
    base: url.href.replace(/\/$/, ''),
    token: env['SMOKE_TOKEN_MEMBER'] || undefined,
  };
}

async function run({ samples, json, base, token }: Options): Promise<number> {
  // An earlier run's figures must never stand where this one's belong.
  if (json !== undefined) await rm(json, { force: true });
  const at = new Date().toISOString();
  const endpoints = await sample(base, endpointsFor(token), samples);
  const errors = endpoints.reduce((sum, endpoint) => sum + endpoint.errors, 0);
  // Math.max over a NaN is NaN: an endpoint without samples leaves no worst one.
  const p95 = Math.max(...endpoints.map((endpoint) => endpoint.p95));
  const as_member = token !== undefined;
  const result: Result = { base_url: base, at, unit: 'ms', samples, as_member, p95, errors, endpoints };
  if (json !== undefined) await writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(table(endpoints));
  return conclude(result);
}

function table(endpoints: readonly Sampled[]): string {
  const figure = (value: number) => (Number.isNaN(value) ? '–' : value.toFixed(1)).padStart(9);
  const rows = endpoints.map(
    ({ name, samples_ms, p50, p90, p95, p99, errors }) =>
      `${name.padEnd(28)}${String(samples_ms.length).padStart(8)}${[p50, p90, p95, p99].map(figure).join('')}${String(errors).padStart(8)}`,
  );
  const head = `${'milliseconds'.padEnd(28)}${'samples'.padStart(8)}${['p50', 'p90', 'p95', 'p99'].map((name) => name.padStart(9)).join('')}${'errors'.padStart(8)}`;
  return `${[head, ...rows].join('\n')}\n`;
}

function conclude({ endpoints, base_url }: Result): number {
  for (const { path, errors, problems } of endpoints) {
    if (errors > 0)
      process.stderr.write(`perf-harness: ${path}: ${errors} failed: ${[...new Set(problems)].join('; ')}\n`);
  }
  if (endpoints.every(({ samples_ms }) => samples_ms.length === 0)) {
    process.stderr.write(
      `perf-harness: nothing was measured: is ${base_url} the service, and does it run?\n`,
    );
    return 3;
  }
  return endpoints.some(({ errors }) => errors > 0) ? 1 : 0;
}

if (import.meta.main) {
  try {
    const options = optionsFrom(process.argv.slice(2), process.env);
    if (options === 'help') process.stdout.write(usage);
    else process.exitCode = await run(options);
  } catch (error) {
    process.stderr.write(`perf-harness: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
