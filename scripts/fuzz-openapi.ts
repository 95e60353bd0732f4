import { parseArgs } from 'node:util';
import { describeError } from '#harness/errors.ts';
import { bringSchemathesis } from '#scripts/bring-schemathesis.ts';
import { callerNames, type FuzzedService, startFuzzedService } from '#scripts/fuzzed-service.ts';
import { type FuzzOutcome, type FuzzTarget, runSchemathesis } from '#scripts/run-schemathesis.ts';

const phases = ['examples', 'coverage', 'fuzzing', 'stateful'];
const usage = `Usage: node scripts/fuzz-openapi.ts [--seed N] [--examples N] [--phases LIST] [--limit SECONDS]
                                    [--as CALLER…]

Starts the service with all its domains on a real PostgreSQL and lets schemathesis try every operation of its OpenAPI
document: as nobody, member, system integrator, administrator, user and administrator of payouts, and the webhook as
its provider. Every check of schemathesis is on (scripts/schemathesis.toml). Fails on any finding, on a failure in the
service's own log, on an operation that no caller came through to, and when nothing was tested.

  --seed N          of the generated cases (default 1): the same seed tries the same
  --examples N      of each operation in each phase, at most (default 20)
  --phases LIST     of ${phases.join(',')} (default all)
  --as CALLER       only as one of: ${callerNames.join(', ')}
  --limit SECONDS   for each caller (default 300); one that is not done by then has failed

schemathesis: the one of COUNTERSIGN_SCHEMATHESIS, else the one on PATH, else brought from PyPI into the cache, as
scripts/schemathesis.requirements.txt pins it, which takes Python 3.11 or later.
`;

type Settings = Pick<FuzzTarget, 'seed' | 'examples' | 'phases' | 'timeoutMs' | 'env'>;
type Run = (target: Omit<FuzzTarget, keyof Settings>) => Promise<FuzzOutcome>;

if (import.meta.main) {
  const code = await main().catch((thrown: unknown) => {
    process.stderr.write(`${describeError(thrown)}\n`);
    return 3;
  });
  // The embedded PostgreSQL ends a process that runs out of work with 0, whatever `exitCode` says.
  process.exit(code);
}

async function main(): Promise<number> {
  const asked = readSettings();
  if (!asked) return 2;
  if (asked === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  const { callers, ...settings } = asked;
  const tool = await bringSchemathesis(process.env, (line) => process.stderr.write(`${line}\n`));
  const service = await startFuzzedService();
  try {
    const { seed, examples } = settings;
    say(`schemathesis ${tool.version}, seed ${seed}, at most ${examples} examples`);
    const run: Run = (target) => runSchemathesis(tool, { ...settings, ...target });
    return (await fuzz(service, callers, run)) === 0 ? 0 : 1;
  } finally {
    await service.stop();
  }
}

function readSettings(): (Settings & { callers: readonly string[] }) | 'help' | undefined {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h' },
        seed: { type: 'string', default: '1' },
        examples: { type: 'string', default: '20' },
        phases: { type: 'string', default: phases.join(',') },
        limit: { type: 'string', default: '300' },
        as: { type: 'string', multiple: true, default: [...callerNames] },
      },
    });
    if (values.help) return 'help';
    const [seed, examples, limit] = (['seed', 'examples', 'limit'] as const).map((name) => {
      if (/^[1-9]\d{0,8}$/.test(values[name])) return Number(values[name]);
      throw new Error(`--${name} is a whole number from 1`);
    }) as [number, number, number];
    const wanted = values.phases.split(',');
    const odd = wanted.find((phase) => !phases.includes(phase));
    if (odd !== undefined) throw new Error(`there is no phase \`${odd}\``);
    const nobody = values.as.find((name) => !callerNames.includes(name));
    if (nobody !== undefined) throw new Error(`there is no caller \`${nobody}\``);
    return { seed, examples, callers: values.as, phases: wanted, timeoutMs: limit * 1_000, env: process.env };
  } catch (thrown) {
    process.stderr.write(`${describeError(thrown)}\n\n${usage}`);
    return undefined;
  }
}

/** The number of findings, each of them printed. */
async function fuzz(service: FuzzedService, callers: readonly string[], run: Run): Promise<number> {
  const findings: string[] = [];
  let cases = 0;
  const isWhole = callerNames.every((name) => callers.includes(name));
  let unreached = isWhole ? operationsOf(service.document) : [];
  for (const { name, headers, document } of service.callers) {
    if (!callers.includes(name)) continue;
    const outcome = await run({ url: service.url, document, headers });
    const own = operationsOf(document);
    unreached = unreached.filter(
      (operation) => !own.includes(operation) || outcome.refused.includes(operation),
    );
    cases += outcome.cases;
    const verdict = outcome.findings.length > 0 ? 'FAILED' : 'ok';
    const counted = `${outcome.tested} operations, ${outcome.cases} cases, ${outcome.findings.length} findings`;
    say(`${name.padEnd(22)} ${verdict.padEnd(7)} ${counted} (${outcome.seconds.toFixed(1)} s)`);
    if (outcome.findings.length > 0) say(detailsOf(outcome));
    findings.push(...outcome.findings.map((finding) => `as ${name}: ${finding}`));
  }
  findings.push(...unreached.map((operation) => `${operation}: no caller came through to it`));
  findings.push(...service.failures().map((failure) => `in the service's log: ${failure}`));
  for (const { route, reason } of service.leftOut) {
    say(`left out: ${route}, ${reason ?? 'for no reason that is known'}`);
    if (!reason) findings.push(`${route}: it is not in the document, and nobody said why`);
  }
  for (const finding of findings) say(`finding: ${finding}`);
  say(
    `openapi: ${operationsOf(service.document).length} operations, ${cases} cases, ${findings.length} findings`,
  );
  return findings.length;
}

export function operationsOf(document: { paths: Record<string, object> }): string[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** What schemathesis tells about each failure, with a command that repeats it. */
function detailsOf({ output, findings }: FuzzOutcome): string {
  const from = output.search(/^=+ (ERRORS|FAILURES) =+$/m);
  const to = output.search(/^=+ (WARNINGS|SUMMARY) =+$/m);
  return from >= 0 && to > from ? output.slice(from, to) : `${findings.join('\n')}\n${output.slice(-4_000)}`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
