import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, defineCheck, Options } from '../define.ts';
import { guard } from '../guard.ts';
import { AnswerFacts, factsOf } from '../http-answer.ts';
import { bodyProblem, limitOptions, requestOptions, sendRequest } from '../http-request.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';

const CallOptions = Options({
  method: Type.Union(
    [Type.Literal('POST'), Type.Literal('PUT'), Type.Literal('PATCH'), Type.Literal('DELETE')],
    { description: 'of the one request; what only reads belongs into `http`' },
  ),
  path: Type.String({ minLength: 1 }),
  ...requestOptions,
  ...limitOptions,
});

type Settings = Static<typeof CallOptions>;

export default defineCheck({
  kind: 'call',
  summary: 'Change something through one HTTP request, which is sent once',
  options: CallOptions,
  facts: Type.Object(AnswerFacts),
  expect: ['status >= 200 && status < 300'],
  effects: 'writes',
  lint(options, context) {
    const problem = bodyProblem(options);
    if (problem) context.report([], problem);
    lintTemplates(options, context);
  },
  measure: (options, context) => guard(context, 'SOURCE_UNREACHABLE', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const problem = bodyProblem(options);
  if (problem) throw new CountersignError('CONFIG_INVALID', problem);
  const request = await interpolate(options, context);
  const answer = await sendRequest(request, options, context);
  const name = `${options.method} ${options.path}`;
  const { name: _, ...facts } = await factsOf(answer, { prefix: '', name, redact: context.redact, context });
  return { facts };
}
