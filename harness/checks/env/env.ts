import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, defineCheck, Options } from '../define.ts';
import { guard } from '../guard.ts';
import { lintTemplates } from '../interpolate.ts';
import { malformedAmong, patternProblem } from './formats.ts';
import { FromSchema, readVariables } from './from.ts';

const Name = Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_.-]*$' });
const Names = Type.Array(Name, { minItems: 1, uniqueItems: true });

const EnvOptions = Options({
  from: FromSchema,
  required: Type.Optional(Type.Array(Name, { minItems: 1, uniqueItems: true, description: 'must be set' })),
  secrets: Type.Optional({ ...Names, description: 'must be set; the value is never looked at' }),
  overridden: Type.Optional({ ...Names, description: 'must be set to something else than by default' }),
  forbidden: Type.Optional({ ...Names, description: 'must not be set' }),
  formats: Type.Optional(
    Type.Record(Type.String(), Type.String({ minLength: 1 }), {
      description: 'name: regular expression that the whole value must match; the variable must be set',
    }),
  ),
  equals: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: 'name: value that it must have; never for secrets',
    }),
  ),
});

export type EnvSettings = Static<typeof EnvOptions>;

const NameList = (description: string) => Type.Array(Type.String(), { description });

export default defineCheck({
  kind: 'env',
  summary: 'Check which settings a service or platform has, without looking at secrets',
  options: EnvOptions,
  facts: Type.Object({
    checked: Type.Integer({ description: 'demands that were checked' }),
    missing: NameList('required, secret, formatted or compared variables that are not set'),
    not_overridden: NameList('variables that still have their default'),
    forbidden_present: NameList('forbidden variables that are set'),
    malformed: NameList('variables whose value does not fit'),
    variables: Type.Array(
      Type.Object({ name: Type.String(), set: Type.Boolean(), overridden: Type.Boolean() }),
      { description: 'every variable that was found' },
    ),
  }),
  expect: [
    'checked > 0',
    'missing.size() == 0',
    'not_overridden.size() == 0',
    'forbidden_present.size() == 0',
    'malformed.size() == 0',
  ],
  effects: 'reads',
  lint(options, context) {
    lintTemplates(options.from, context);
    for (const [name, pattern] of Object.entries(options.formats ?? {})) {
      const problem = patternProblem(pattern);
      if (problem) context.report(['formats', name], problem);
    }
    for (const name of secretsCompared(options)) {
      context.report(['equals', name], `the secret \`${name}\` must not stand in a checklist`);
    }
    if (demands(options) === 0) context.report([], 'nothing is demanded of any variable');
  },
  measure: (options, context) => guard(context, 'SOURCE_UNREACHABLE', () => measure(options, context)),
});

async function measure(options: EnvSettings, context: CheckContext) {
  const [compared] = secretsCompared(options);
  if (compared) {
    throw new CountersignError('CONFIG_INVALID', `the secret \`${compared}\` must not stand in a checklist`);
  }
  const found = await readVariables(options.from, context);
  const variables = [...found.values()]
    .map(({ name, set, overridden }) => ({ name, set, overridden }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  await context.artifact('variables.json', JSON.stringify(variables, null, 2), 'application/json');
  const isSet = (name: string) => found.get(name)?.set === true;
  const facts = {
    checked: demands(options),
    missing: needed(options).filter((name) => !isSet(name)),
    not_overridden: (options.overridden ?? []).filter((name) => !found.get(name)?.overridden),
    forbidden_present: (options.forbidden ?? []).filter(isSet),
    malformed: malformedAmong(found, options),
    variables,
  };
  return { facts };
}

function needed({ required, secrets, formats, equals }: EnvSettings): string[] {
  const names = [...(required ?? []), ...(secrets ?? []), ...Object.keys({ ...formats, ...equals })];
  return [...new Set(names)];
}

function demands(options: EnvSettings): number {
  const { required, secrets, overridden, forbidden, formats, equals } = options;
  const lists = [required, secrets, overridden, forbidden].map((list) => list?.length ?? 0);
  const maps = [formats, equals].map((map) => Object.keys(map ?? {}).length);
  return [...lists, ...maps].reduce((sum, count) => sum + count, 0);
}

function secretsCompared({ secrets, equals }: EnvSettings): string[] {
  return Object.keys(equals ?? {}).filter((name) => secrets?.includes(name));
}
