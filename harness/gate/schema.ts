import { DurationText, Options } from '../checks/define.ts';
import { type Static, Type } from '../type.ts';

const Id = Type.String({ pattern: '^[a-z][a-z0-9-]*$', maxLength: 64 });
const Role = Type.String({ pattern: '^[a-z][a-z0-9-]*$', maxLength: 64 });

export const AttestSchema = Options({
  role: Role,
  about: Type.Optional(Type.Array(Id, { description: 'items whose evidence the statement speaks of' })),
});

export const WatchSchema = Options({
  for: DurationText({ description: 'how long, from the beginning of the first sample on' }),
  every: DurationText({ description: 'from the beginning of one sample to that of the next' }),
  failures: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 1_000, description: 'so many samples may fail; default 0' }),
  ),
  consecutive_errors: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 100,
      description: 'so many samples in a row that could not measure end it as an error; default 3',
    }),
  ),
  min_observed: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'share of the time that has to be observed; less is an error; default 0.9',
    }),
  ),
});

export const UndoSchema = Options({
  check: Type.String({ description: 'a kind of check that writes' }),
  with: Type.Optional(Type.Object({}, { additionalProperties: true })),
  expect: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: "CEL over the facts of the undo; replaces the kind's own",
    }),
  ),
  timeout: Type.Optional(DurationText({ description: 'default 60s' })),
});

export const FreshSchema = Options({
  within: DurationText({ description: 'its measurement may have begun so long before' }),
  at: Type.Union([Type.Literal('cutover'), Type.Literal('sign')], {
    description: 'before the cutover began, or before a person signs',
  }),
});

export const ItemSchema = Options({
  id: Id,
  title: Type.String({ minLength: 1 }),
  /** Requirement rows or document steps, for readers. */
  covers: Type.Optional(Type.Array(Type.String())),
  check: Type.Optional(Type.String({ description: 'a kind of check: `countersign checks list`' })),
  with: Type.Optional(Type.Object({}, { additionalProperties: true })),
  expect: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: "CEL over the facts; replaces the kind's own",
    }),
  ),
  attest: Type.Optional(AttestSchema),
  needs: Type.Optional(Type.Array(Id)),
  timeout: Type.Optional(DurationText({ description: 'for one attempt; default 60s' })),
  retries: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 20,
      description: 'further attempts after a failure or error; default 0; never for `effects: writes`',
    }),
  ),
  retry_after: Type.Optional(DurationText({ description: 'pause before a retry; default 1s' })),
  settle: Type.Optional(
    DurationText({
      description:
        'measure again, each `retry_after`, until it passes or this time is over: for what needs a scrape to show',
    }),
  ),
  watch: Type.Optional(WatchSchema),
  undo: Type.Optional(UndoSchema),
  cutover: Type.Optional(
    Type.Literal(true, {
      description: 'with the beginning of this item the release goes live; one item of a gate',
    }),
  ),
  at: Type.Optional(
    Type.Literal('cutover', {
      description: 'measured right before the cutover, when all else that it needs is done',
    }),
  ),
  fresh: Type.Optional(FreshSchema),
  flaky: Type.Optional(
    Type.Union([Type.Literal('pass'), Type.Literal('fail')], {
      description: 'does passing after a retry count? default pass',
    }),
  ),
});

export const SubjectSchema = Type.Union([
  Options({ git: Type.String({ description: 'a revision, such as HEAD' }) }),
  Options({ file: Type.String() }),
  Options({ name: Type.String(), sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) }),
]);

export const SignSchema = Options({
  require: Type.Array(
    Options({ role: Role, count: Type.Optional(Type.Integer({ minimum: 1, maximum: 10 })) }),
    { minItems: 1 },
  ),
  distinct_people: Type.Optional(
    Type.Boolean({ description: 'one person fills one role only; default true' }),
  ),
  not_author: Type.Optional(Type.Boolean({ description: "authors of the release can't sign; default true" })),
  valid_for: Type.Optional(DurationText({ description: 'default 24h' })),
});

export const GateSchema = Options({
  gate: Id,
  title: Type.String({ minLength: 1 }),
  description: Type.Optional(Type.String()),
  environment: Type.String(),
  timeout: Type.Optional(DurationText({ description: 'deadline of the whole run; default 1h' })),
  concurrency: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 64, description: 'items at once; default 8' }),
  ),
  release: Type.Optional(
    Options({
      since: Type.Optional(Type.String({ description: '`last-go` or a git revision' })),
      subjects: Type.Array(SubjectSchema, { minItems: 1 }),
    }),
  ),
  items: Type.Array(ItemSchema, { minItems: 1 }),
  sign: SignSchema,
  waivers: Type.Optional(
    Options({
      approve: Role,
      at_most: DurationText({ description: 'how long a waiver may last, from its request on' }),
    }),
  ),
});

export type Gate = Static<typeof GateSchema>;
export type GateItem = Static<typeof ItemSchema>;
export type FreshSettings = Static<typeof FreshSchema>;
export type WatchSettings = Static<typeof WatchSchema>;
export type SignPolicy = Static<typeof SignSchema>;
