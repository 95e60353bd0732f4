import { readFile } from 'node:fs/promises';
import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { Anything, type CheckContext, defineCheck, Options } from '../define.ts';
import { guard, redactFacts } from '../guard.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';
import { lintFile } from '../lint-file.ts';
import { toCsv } from './csv.ts';
import { valuesOf } from './values.ts';

const SqlOptions = Options({
  query: Type.Optional(Type.String({ minLength: 1, description: 'one SELECT, WITH or VALUES' })),
  file: Type.Optional(Type.String({ minLength: 1, description: 'instead of `query`: a file that holds it' })),
  params: Type.Optional(
    Type.Array(Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]), {
      description: 'values of $1, $2, …; only these may hold templates',
    }),
  ),
  source: Type.Optional(Type.String({ description: 'name of a postgres source; default the only one' })),
  max_rows: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 10_000, description: 'more rows are an error; default 1000' }),
  ),
  allow_float: Type.Optional(
    Type.Boolean({ description: 'accept float4 and float8 columns; never for money; default false' }),
  ),
});

type Settings = Static<typeof SqlOptions>;

const defaultMaxRows = 1_000;

export default defineCheck({
  kind: 'sql',
  summary: 'Ask PostgreSQL one reading query and keep the result',
  options: SqlOptions,
  facts: Type.Object({
    row_count: Type.Integer(),
    rows: Type.Array(Anything(), { description: 'each a map of column to value' }),
    first: Type.Optional(Anything({ description: 'the first row; absent when there is none' })),
  }),
  expect: ['row_count > 0'],
  effects: 'reads',
  async lint(options, context) {
    const problem = shapeProblem(options);
    if (problem) context.report([], problem);
    if (options.query?.includes('${')) {
      context.report(['query'], 'a query holds no templates', 'write $1 and give the value in `params`');
    }
    lintTemplates({ params: options.params ?? [] }, context);
    if (options.file !== undefined) await lintFile(context, 'file', options.file);
  },
  measure: (options, context) => guard(context, 'SOURCE_UNREACHABLE', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const problem = shapeProblem(options);
  if (problem) throw new CountersignError('CONFIG_INVALID', problem);
  const query = options.query ?? (await readQuery(options.file ?? '', context));
  await context.artifact(
    'query.sql',
    `${query.trim()}\n-- params: ${JSON.stringify(options.params ?? [])}\n`,
  );
  const params = await interpolate(options.params ?? [], context);
  const source = await context.sources.postgres(options.source);
  const result = await source.query(query, params, context.signal, options.max_rows ?? defaultMaxRows);
  const rows = redactFacts(valuesOf(result, options.allow_float ?? false), context.redact);
  await context.artifact('result.csv', toCsv(result), 'text/csv');
  const [first] = rows;
  return { facts: { row_count: rows.length, rows, ...(first === undefined ? {} : { first }) } };
}

function shapeProblem(options: Settings): string | undefined {
  if ((options.query === undefined) === (options.file === undefined)) return 'give either `query` or `file`';
  return undefined;
}

async function readQuery(file: string, context: CheckContext): Promise<string> {
  const path = context.resolve(file);
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new CountersignError('CONFIG_MISSING', `the query file \`${file}\` cannot be read`);
  }
}
