import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { Anything, type CheckContext, defineCheck, Options } from '../define.ts';
import { guard, redactFacts } from '../guard.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';
import { FieldsSchema, type FlagState, findFlag } from './find-flag.ts';

const Scalar = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);

const FlagOptions = Options({
  name: Type.String({ minLength: 1 }),
  sources: Type.Optional(
    Type.Array(Type.String(), {
      minItems: 1,
      uniqueItems: true,
      description: 'http sources, one an instance; default the only one',
    }),
  ),
  path: Type.String({ minLength: 1 }),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  pointer: Type.Optional(
    Type.String({
      pattern: '^(/.*)?$',
      description: 'JSON pointer to the list or map of flags; default the document',
    }),
  ),
  fields: Type.Optional(FieldsSchema),
  declared: Type.Optional({
    ...Scalar,
    description: 'the declared value, where the route does not tell it or must not be believed',
  }),
});

type Settings = Static<typeof FlagOptions>;

export default defineCheck({
  kind: 'flag',
  summary: 'Read a flag from every instance, and whether it runs as declared',
  options: FlagOptions,
  facts: Type.Object({
    name: Type.String(),
    running: Type.Optional(Anything({ description: 'the value on all instances; absent when they differ' })),
    values: Type.Array(Anything(), { description: 'the different running values' }),
    mixed: Type.Boolean({ description: 'do instances differ?' }),
    drift: Type.Boolean({ description: 'does any instance run another value than the declared one?' }),
    instances: Type.Array(
      Type.Object({
        instance: Type.String(),
        declared: Anything(),
        running: Anything(),
        drift: Type.Boolean(),
      }),
    ),
  }),
  expect: ['drift == false'],
  effects: 'reads',
  lint: (options, context) => lintTemplates(options, context),
  measure: (options, context) => guard(context, 'SOURCE_UNREACHABLE', () => measure(options, context)),
});

async function measure(template: Settings, context: CheckContext) {
  const options = await interpolate(template, context);
  const asked = (options.sources ?? [undefined]).map((source) => ask(source, options, context));
  const instances = (await Promise.all(asked)).map((state) => ({
    ...redactFacts(state, context.redact),
    drift: state.declared !== state.running,
  }));
  const [first, ...others] = new Set(instances.map((each) => each.running));
  await context.artifact('flag.json', JSON.stringify(instances, null, 2), 'application/json');
  const facts = {
    name: context.redact(options.name),
    ...(others.length === 0 ? { running: first } : {}),
    values: [first, ...others],
    mixed: others.length > 0,
    drift: instances.some((each) => each.drift),
    instances,
  };
  return { facts };
}

async function ask(source: string | undefined, options: Settings, context: CheckContext): Promise<FlagState> {
  const http = await context.sources.http(source);
  const answer = await http.request({
    path: options.path,
    headers: options.headers ?? {},
    signal: context.signal,
  });
  if (answer.status !== 200) {
    throw new CountersignError('SOURCE_ANSWER', `source \`${http.name}\` answered ${answer.status}, not 200`);
  }
  return findFlag(answer.json(), { ...options, instance: http.name });
}
