import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, defineCheck, Options } from '../define.ts';
import { guard } from '../guard.ts';
import { type Answer, AnswerFacts, factsOf } from '../http-answer.ts';
import { bodyProblem, limitOptions, requestOptions, sendRequest } from '../http-request.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';
import { capture, Redactor } from './capture.ts';

const Text = Type.String({ minLength: 1 });

const request = {
  ...requestOptions,
  method: Type.Optional(Type.String({ pattern: '^[A-Z]+$', description: 'default GET' })),
};

const StepSchema = Options({
  name: Type.Optional(Text),
  path: Text,
  ...request,
  capture: Type.Optional(
    Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_]*$' }), Text, {
      description: 'name: JSON pointer into the body, or `header:NAME`; later steps use ${capture.NAME}',
    }),
  ),
  conceal: Type.Optional(
    Type.Array(Type.String(), {
      description: 'JSON pointers to values, such as tokens, that must not be kept; later answers included',
    }),
  ),
});

const HttpOptions = Options({
  path: Type.Optional(Text),
  ...request,
  steps: Type.Optional(
    Type.Array(StepSchema, {
      minItems: 1,
      maxItems: 20,
      description: 'instead of `path`: requests in order',
    }),
  ),
  ...limitOptions,
  follow: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 10,
      description: 'redirects to follow within the origin; default 0',
    }),
  ),
  changes_nothing: Type.Optional(
    Type.Boolean({ description: 'a POST that only asks: may be repeated, and run where writes are refused' }),
  ),
});

type Settings = Static<typeof HttpOptions>;
type Step = Static<typeof StepSchema>;

const harmless = new Set(['GET', 'HEAD', 'OPTIONS']);

export default defineCheck({
  kind: 'http',
  summary: 'Ask an HTTP service, in one or several steps, and keep what it answers',
  options: HttpOptions,
  facts: Type.Object({
    ...AnswerFacts,
    steps: Type.Array(Type.Object({ name: Type.String(), ...AnswerFacts }), {
      description: 'every answer in order; the facts beside this list are those of the last one',
    }),
  }),
  expect: ['steps.size() > 0 && steps.all(s, s.status >= 200 && s.status < 300)'],
  effects: 'reads',
  lint(options, context) {
    const problem = shapeProblem(options);
    if (problem) context.report([], problem);
    lintTemplates(options, context, ['capture.']);
  },
  measure: (options, context) => guard(context, 'SOURCE_UNREACHABLE', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const steps = stepsOf(options);
  for (const step of steps) refuseWrites(step, options, context);
  const captured = new Map<string, string>();
  const redactor = new Redactor(context.redact);
  const answers: (Answer & { name: string })[] = [];
  for (const [index, step] of steps.entries()) {
    if (steps.length > 1) context.progress(`step ${index + 1} of ${steps.length}`);
    const name = step.name ?? `${step.method ?? 'GET'} ${step.path}`;
    const answer = await sendRequest(await interpolate(step, context, captured), options, context);
    redactor.conceal(answer, step.conceal ?? []);
    const prefix = steps.length > 1 ? `step-${index + 1}-` : '';
    answers.push(await factsOf(answer, { prefix, name, redact: redactor.redact, context }));
    capture(step.capture ?? {}, answer, name, captured);
  }
  const last = answers.at(-1);
  if (!last) throw new CountersignError('NO_DATA', 'no request was made');
  const { name: _, ...facts } = last;
  return { facts: { ...facts, steps: answers } };
}

function stepsOf(options: Settings): Step[] {
  const problem = shapeProblem(options);
  if (problem) throw new CountersignError('CONFIG_INVALID', problem);
  if (options.steps) return options.steps.map((step) => ({ source: options.source, ...step }) as Step);
  const { steps: _, timeout: _t, follow: _f, max_bytes: _m, changes_nothing: _c, ...step } = options;
  return [step as Step];
}

function shapeProblem(options: Settings): string | undefined {
  if ((options.path === undefined) === (options.steps === undefined)) {
    return 'give either `path` for one request or `steps` for several';
  }
  const single = ['method', 'query', 'headers', 'json', 'body'] as const;
  const stray = options.steps && single.find((key) => options[key] !== undefined);
  if (stray) return `\`${stray}\` belongs into a step`;
  return [options, ...(options.steps ?? [])].map(bodyProblem).find(Boolean);
}

/** A request that may change something is neither repeated nor sent where writes are refused. */
function refuseWrites(step: Step, options: Settings, context: CheckContext): void {
  const method = step.method ?? 'GET';
  if (harmless.has(method) || options.changes_nothing) return;
  const hint = 'if it changes nothing, say `changes_nothing: true`';
  if (!context.environment.writes) {
    throw new CountersignError(
      'CONFIG_INVALID',
      `${method} is refused: environment \`${context.environment.name}\` allows no writes`,
      { hint },
    );
  }
  if (context.attempt > 1) {
    throw new CountersignError('CONFIG_INVALID', `${method} is not sent a second time`, { hint });
  }
}
