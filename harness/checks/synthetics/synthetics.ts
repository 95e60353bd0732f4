import { CountersignError, type Problem, showPlace } from '../../errors.ts';
import { Redactor } from '../../gate/redact.ts';
import { knownEnvironments } from '../../synthetics/ground.ts';
import { lintSynthetics } from '../../synthetics/lint/lint.ts';
import { loadSynthetics } from '../../synthetics/load.ts';
import type { Observation } from '../../synthetics/observation.ts';
import { countStates, stateOfRun } from '../../synthetics/outcome.ts';
import type { ProbeContext } from '../../synthetics/probe/context.ts';
import { probeAll } from '../../synthetics/probe-all.ts';
import { type ResolvedSynthetics, resolveFor } from '../../synthetics/resolve.ts';
import { selectChecks } from '../../synthetics/select.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, defineCheck, Options } from '../define.ts';
import { guard, redactFacts } from '../guard.ts';
import { lintFile } from '../lint-file.ts';
import { ExportedOption, exportedState } from './exported.ts';

const usualFile = 'synthetics/uptime_checks.yml';

const SyntheticsOptions = Options({
  file: Type.Optional(Type.String({ minLength: 1, description: `file of checks; default ${usualFile}` })),
  mode: Type.Optional(
    Type.Union([Type.Literal('run'), Type.Literal('lint')], {
      description: 'run: check the file, and probe everything once; lint: only check the file; default run',
    }),
  ),
  tags: Type.Optional(Type.Array(Type.String(), { description: 'only checks that have all of them' })),
  checks: Type.Optional(Type.Array(Type.String(), { minItems: 1, description: 'only these, by name' })),
  concurrency: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000,
      description: 'how many are probed at the same time; default 20',
    }),
  ),
  exported: Type.Optional(ExportedOption),
});

type Settings = Static<typeof SyntheticsOptions>;

const CheckFacts = Type.Object({
  name: Type.String(),
  type: Type.String({ description: 'http, tcp, dns, tls, websocket, grpc, browser or script' }),
  state: Type.String({ description: 'passed, flaky, failed or error' }),
  reason: Type.String({ description: 'what was wrong; empty when it passed at once' }),
  attempts: Type.Integer(),
  total_ms: Type.Number({ description: 'of the last attempt' }),
});

export default defineCheck({
  kind: 'synthetics',
  summary: 'Check a file of synthetic checks and probe everything in it once',
  options: SyntheticsOptions,
  facts: Type.Object({
    file: Type.String(),
    sha256: Type.String({ description: "of the file's bytes" }),
    declared: Type.Integer({ description: 'checks in the file' }),
    problems: Type.Integer({ description: 'what `synthetics lint` finds in it' }),
    findings: Type.Array(Type.String(), { description: 'each problem with its place' }),
    probed: Type.Integer({ description: '0 in the mode lint' }),
    passed: Type.Integer({ description: 'at the first attempt' }),
    flaky: Type.Integer({ description: 'after a retry' }),
    failed: Type.Integer(),
    errors: Type.Integer({ description: 'that could not be probed, beside others that failed' }),
    exported_to: Type.String({ description: 'service that was asked what it holds; empty when none was' }),
    differences: Type.Array(Type.String(), { description: 'between that service and the file' }),
    checks: Type.Array(CheckFacts, { description: 'each that was probed, in the order of the file' }),
  }),
  expect: ['problems == 0', 'declared > 0', 'failed == 0', 'errors == 0', 'size(differences) == 0'],
  effects: 'reads',
  async lint({ file = usualFile }, context) {
    await lintFile(context, 'file', file);
  },
  measure: (options, context) => guard(context, 'SOURCE_UNREACHABLE', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const { file = usualFile, mode = 'run' } = options;
  const definition = await loadSynthetics(context.resolve(file), file);
  const environments = await knownEnvironments(context.root);
  const problems = lintSynthetics(definition, { root: context.root, environments });
  const { environment, root } = context;
  const project = { view: environment, secret: (name: string) => context.secret(name) };
  const own = new Redactor();
  const onSecret = (value: string) => own.add(value);
  const redact = (text: string) => own.text(context.redact(text));
  const resolve = () => resolveFor(definition, environment.name, { root, env: {}, project, onSecret });
  const differences = options.exported
    ? await exportedState(options.exported, definition, await resolve(), context)
    : [];
  const observations = mode === 'run' ? await probeChecks(await resolve(), options, context, redact) : [];
  const counts = countStates(observations);
  refuseMereErrors(observations);
  const facts = {
    file,
    sha256: definition.sha256,
    declared: definition.checks.length,
    problems: problems.length,
    findings: problems.map(asText),
    probed: counts.total,
    passed: counts.passed,
    flaky: counts.flaky,
    failed: counts.failed,
    errors: counts.error,
    exported_to: options.exported?.to ?? '',
    differences,
    checks: observations.map(asFacts),
  };
  return { facts: redactFacts(facts, redact) };
}

async function probeChecks(
  resolved: ResolvedSynthetics,
  options: Settings,
  context: CheckContext,
  redact: ProbeContext['redact'],
): Promise<Observation[]> {
  const { environment, root, signal, clock } = context;
  const checks = selectChecks(resolved.checks, { tags: options.tags ?? [], names: options.checks ?? [] });
  if (checks.length === 0)
    throw new CountersignError('NO_DATA', 'no check fits the selection, so none was probed');
  let done = 0;
  const probing = {
    at: clock.now(),
    location: environment.name,
    clock,
    signal,
    root,
    resolve: context.resolve,
    tool: context.tool,
    value: resolved.value,
    redact,
    ...(environment.smoke ? { playwright: environment.smoke } : {}),
  };
  const observations = await probeAll(checks, probing, {
    concurrency: options.concurrency ?? 20,
    onObservation: () => context.progress(`${++done} of ${checks.length} probed`),
  });
  await context.artifact(
    'observations.json',
    `${JSON.stringify(observations, null, 2)}\n`,
    'application/json',
  );
  return observations;
}

/** Nothing failed and something could not be probed: that is no result, neither good nor bad. */
function refuseMereErrors(observations: readonly Observation[]): void {
  const counts = countStates(observations);
  if (counts.total === 0 || stateOfRun(counts) !== 'error') return;
  const reasons = observations
    .filter(({ state }) => state === 'error')
    .map(({ reason }) => reason ?? 'unknown');
  throw new CountersignError(
    'NO_DATA',
    `${counts.error} of ${counts.total} checks could not be probed: ${reasons.join('; ')}`,
  );
}

const asText = ({ where, message }: Problem) => `${showPlace(where)} ${message}`;

function asFacts({
  check,
  type,
  state,
  reason = '',
  attempts,
  timings,
}: Observation): Static<typeof CheckFacts> {
  return { name: check, type, state, reason, attempts: attempts.length, total_ms: timings.total };
}
