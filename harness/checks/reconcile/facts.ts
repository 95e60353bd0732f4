import { type Static, Type } from '../../type.ts';
import { BigInteger, Instant } from '../define.ts';
import { breakClasses } from './breaks.ts';

const Count = Type.Integer({ minimum: 0 });

const SideFacts = Type.Object({
  name: Type.String(),
  kind: Type.String({ description: 'sql or api' }),
  rows: Type.Integer({ minimum: 0, description: 'rows that count' }),
  total_minor: BigInteger({ description: 'net_minor, or gross_minor where both sides are declared gross' }),
  net_minor: BigInteger(),
  gross_minor: BigInteger({ description: 'sum of absolute amounts' }),
  basis: Type.String({ description: 'net or gross' }),
  by_currency: Type.Array(Type.Object({ currency: Type.String(), rows: Count, total_minor: BigInteger() })),
  scanned_rows: Count,
  outside_window_rows: Count,
  ignored_rows: Count,
  ignored_minor: BigInteger(),
  rounded_rows: Type.Integer({
    minimum: 0,
    description: 'amounts finer than the minor unit, rounded as declared',
  }),
  requests: Type.Integer({ minimum: 0, description: 'pages asked for; 0 for SQL' }),
  snapshot: Type.String(),
  definition_sha256: Type.String(),
});

const ClassFacts = Type.Object({
  count: Count,
  difference_minor: BigInteger({ description: 'left less right' }),
  absolute_minor: BigInteger(),
});

const BreakFacts = Type.Object({
  class: Type.String(),
  key: Type.String(),
  currency: Type.String(),
  left_minor: Type.Optional(BigInteger()),
  right_minor: Type.Optional(BigInteger()),
  difference_minor: BigInteger(),
  day: Type.String({ description: 'empty where the sides declare no time' }),
  age_days: Type.Optional(Count),
  differs: Type.Array(Type.String()),
});

const BucketFacts = Type.Object({
  day: Type.String(),
  currency: Type.String(),
  type: Type.String(),
  left_rows: Count,
  right_rows: Count,
  left_minor: BigInteger(),
  right_minor: BigInteger(),
  difference_minor: BigInteger(),
});

export const ReconcileFacts = Type.Object({
  left: SideFacts,
  right: SideFacts,
  difference_minor: BigInteger({ description: 'left total less right total' }),
  by_currency: Type.Array(
    Type.Object({
      currency: Type.String(),
      left_minor: BigInteger(),
      right_minor: BigInteger(),
      difference_minor: BigInteger(),
      named_minor: BigInteger({ description: 'sum of the named breaks and of what the tolerance hid' }),
    }),
  ),
  explained: Type.Boolean({
    description: 'left - right = sum of the named breaks, for each currency and for the row counts',
  }),
  breaks: Count,
  break_classes: Type.Object(
    Object.fromEntries(breakClasses.map((name) => [name, ClassFacts])) as Record<
      (typeof breakClasses)[number],
      typeof ClassFacts
    >,
  ),
  first_breaks: Type.Array(BreakFacts, { description: 'at most 20; all of them are in breaks.csv' }),
  buckets_compared: Type.Integer({ minimum: 0, description: 'by currency, day and type' }),
  differing_buckets: Count,
  differing_days: Type.Array(BucketFacts, { description: 'at most 50; all of them are in buckets.csv' }),
  tolerance_minor: BigInteger(),
  hidden_by_tolerance_rows: Count,
  hidden_by_tolerance_minor: BigInteger({ description: 'sum of the absolute differences' }),
  compared_by: Type.Array(Type.String(), { description: 'fields that both sides have' }),
  window: Type.Object({
    zone: Type.String(),
    from: Type.String({ description: 'empty where open' }),
    to: Type.String({ description: 'empty where open; rows at this moment do not count' }),
  }),
  readings: Type.Integer({ minimum: 1 }),
  summed_by: Type.String({ description: 'database, or countersign where only reading every row can tell' }),
  started_at: Instant(),
  finished_at: Instant(),
});

export type ReconcileFacts = Static<typeof ReconcileFacts>;
export type SideFacts = Static<typeof SideFacts>;
export type BreakFacts = Static<typeof BreakFacts>;
