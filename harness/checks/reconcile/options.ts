import { type Static, Type } from '../../type.ts';
import { DurationText, Options } from '../define.ts';

const Column = Type.String({
  minLength: 1,
  description: 'SQL: name of a result column. API: name of a field, or a JSON pointer within the row',
});
const Pointer = Type.String({ pattern: '^(/.*)?$' });
const Zone = Type.String({ minLength: 1, description: 'IANA zone, such as Africa/Lagos' });
const Texts = Type.Array(Type.String(), { minItems: 1 });

const MappedColumn = Options({
  column: Column,
  map: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: "this side's word to the common word" }),
  ),
});

const Sign = Type.Union(
  [
    Type.Literal('signed', { description: 'the amount carries its sign' }),
    Type.Literal('gross', { description: 'turnover: absolute amounts; both sides must say so' }),
    Options({ column: Column, debit: Texts, credit: Texts }),
  ],
  {
    description:
      'how money out differs from money in; there is no default, because a wrong guess looks right',
  },
);

const At = Options({
  column: Column,
  zone: Type.Optional(
    Type.String({ description: 'zone of texts without an offset; without it they are errors' }),
  ),
  format: Type.Optional(
    Type.Union([Type.Literal('text'), Type.Literal('unix'), Type.Literal('unix_ms')], {
      description: 'default text: RFC 3339 or what PostgreSQL prints',
    }),
  ),
});

export const ColumnsSchema = Options({
  key: Column,
  amount: Column,
  unit: Type.Union([Type.Literal('minor'), Type.Literal('major')], {
    description: 'kobo is minor, naira is major',
  }),
  scale: Type.Optional(
    Type.Union(
      [
        Type.Integer({ minimum: 0, maximum: 9 }),
        Type.Record(Type.String(), Type.Integer({ minimum: 0, maximum: 9 })),
      ],
      {
        description: 'decimals of the minor unit, for all currencies or by currency; default 2',
      },
    ),
  ),
  rounding: Type.Optional(
    Type.Union([Type.Literal('refuse'), Type.Literal('half_even'), Type.Literal('half_up')], {
      description: 'what to do with a major amount finer than its minor unit; default refuse',
    }),
  ),
  sign: Sign,
  currency: Type.Union([Options({ column: Column }), Options({ constant: Type.String({ minLength: 1 }) })]),
  type: Type.Optional(MappedColumn),
  status: Type.Optional(MappedColumn),
  at: Type.Optional(At),
});

export const SqlSchema = Options({
  source: Type.Optional(Type.String()),
  query: Type.String({ minLength: 1, description: 'one SELECT; templates are not filled here, use params' }),
  params: Type.Optional(
    Type.Array(Type.String(), { description: 'values of $1, $2, …; templates are filled' }),
  ),
});

const maxPages = Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000, description: 'default 1,000' }));

export const PagingSchema = Type.Union([
  Type.Literal('none'),
  Options({
    kind: Type.Literal('page'),
    param: Type.String(),
    start: Type.Optional(Type.Integer({ minimum: 0, description: 'default 1' })),
    limit_param: Type.Optional(Type.String()),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    total: Type.Optional(Pointer),
    next: Type.Optional(Pointer),
    max_pages: maxPages,
  }),
  Options({
    kind: Type.Literal('cursor'),
    param: Type.String(),
    next: Pointer,
    limit_param: Type.Optional(Type.String()),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    max_pages: maxPages,
  }),
]);

export const ApiSchema = Options({
  source: Type.Optional(Type.String()),
  path: Type.String({ minLength: 1 }),
  query: Type.Optional(Type.Record(Type.String(), Type.String())),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  rows: Pointer,
  paging: PagingSchema,
});

export const SideSchema = Options({
  name: Type.Optional(Type.String({ description: 'what readers call it; default left or right' })),
  sql: Type.Optional(SqlSchema),
  api: Type.Optional(ApiSchema),
  columns: ColumnsSchema,
});

export const IgnoreSchema = Options({
  side: Type.Optional(
    Type.Union([Type.Literal('left'), Type.Literal('right')], { description: 'default both' }),
  ),
  status: Type.Optional(Texts),
  younger_than: Type.Optional(DurationText({ description: 'rows so young when the check starts' })),
  reason: Type.String({ minLength: 1, description: 'kept in the evidence' }),
});

export const ReconcileOptions = Options({
  left: SideSchema,
  right: SideSchema,
  window: Type.Optional(
    Options({
      from: Type.Optional(
        Type.String({ description: 'RFC 3339 instant or a day; rows at or after it count' }),
      ),
      to: Type.Optional(Type.String({ description: 'RFC 3339 instant or a day; rows before it count' })),
      zone: Type.Optional(Zone),
    }),
  ),
  instants: Type.Optional(
    Type.Union([Type.Literal('ms'), Type.Literal('s'), Type.Literal('day')], {
      description: 'how finely the times of one row are compared; default ms',
    }),
  ),
  ignore: Type.Optional(Type.Array(IgnoreSchema)),
  tolerance: Type.Optional(
    Type.Integer({ minimum: 0, description: 'minor units by which one row may differ; default 0' }),
  ),
  allow_empty: Type.Optional(
    Type.Union([Type.Literal('left'), Type.Literal('right'), Type.Literal('both')], {
      description: 'which side may have no rows; else none is an error',
    }),
  ),
  mask_keys: Type.Optional(
    Type.Boolean({ description: 'keys show a digest and their last 4 characters only' }),
  ),
  max_rows: Type.Optional(
    Type.Integer({
      minimum: 1,
      description: 'rows held in memory, per side; beyond it an error; default 200,000',
    }),
  ),
  passes: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 20,
      description: 'readings of data that moves while it is read; default 4',
    }),
  ),
});

export type ReconcileOptions = Static<typeof ReconcileOptions>;
export type SideOptions = Static<typeof SideSchema>;
export type Columns = Static<typeof ColumnsSchema>;
export type SqlOptions = Static<typeof SqlSchema>;
export type ApiOptions = Static<typeof ApiSchema>;
export type Paging = Static<typeof PagingSchema>;
export type IgnoreRule = Static<typeof IgnoreSchema>;
export type SideLabel = 'left' | 'right';
