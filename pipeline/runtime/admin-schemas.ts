import { type Static, Type } from 'typebox';
import { EnvelopeOf } from '#pipeline/shared/envelope.ts';

const FlagValue = Type.Union([Type.Boolean(), Type.Number()]);

export const FlagBody = Type.Object({
  flag: Type.String({ maxLength: 64 }),
  /** An instance id; `*` or nothing for all instances. */
  instance: Type.Optional(Type.String({ pattern: '^(\\*|[A-Za-z0-9._-]{1,64})$' })),
  /** Null takes the override away. */
  value: Type.Union([FlagValue, Type.Null()]),
  reason: Type.Optional(Type.String({ maxLength: 500 })),
  /** The override ends by itself after so long, whoever forgets it. */
  for_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
  /** A conflict unless the override was last changed then; null: unless there is none. */
  if_updated_at: Type.Optional(Type.Union([Type.String({ maxLength: 32 }), Type.Null()])),
});
export type FlagBody = Static<typeof FlagBody>;

const Text = Type.String();

export const SettingsAnswer = EnvelopeOf(
  Type.Object({
    instance: Text,
    settings: Type.Array(
      Type.Object({
        name: Text,
        set: Type.Boolean(),
        state: Type.Union([Type.Literal('default'), Type.Literal('overridden')]),
        source: Text,
        secret: Type.Boolean(),
        flag_drift: Type.Boolean(),
      }),
    ),
    rate_limit_store: Text,
    secret_sources: Type.Array(Type.Object({ name: Text, source: Text })),
    oldest_token_age_seconds: Type.Number(),
    token_max_age_seconds: Type.Number(),
  }),
);

const Moment = Type.String({ format: 'date-time' });

export const FlagsAnswer = EnvelopeOf(
  Type.Object({
    instance: Text,
    flags: Type.Array(
      Type.Object({
        flag: Text,
        declared: FlagValue,
        running: FlagValue,
        source: Text,
        drift: Type.Boolean(),
        overrides: Type.Array(
          Type.Object({
            instance: Text,
            value: FlagValue,
            updated_by: Text,
            updated_at: Moment,
            ends_at: Type.Union([Moment, Type.Null()]),
          }),
        ),
        instances: Type.Array(
          Type.Object({ instance: Text, declared: FlagValue, running: FlagValue, seen_at: Moment }),
        ),
      }),
    ),
  }),
);
