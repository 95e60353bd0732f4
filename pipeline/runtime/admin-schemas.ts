import { type Static, Type } from 'typebox';

const FlagValue = Type.Union([Type.Boolean(), Type.Number()]);

export const FlagBody = Type.Object({
  flag: Type.String({ maxLength: 64 }),
  /** An instance id; `*` or nothing for all instances. */
  instance: Type.Optional(Type.String({ pattern: '^(\\*|[A-Za-z0-9._-]{1,64})$' })),
  /** Null takes the override away. */
  value: Type.Union([FlagValue, Type.Null()]),
  reason: Type.Optional(Type.String({ maxLength: 500 })),
});
export type FlagBody = Static<typeof FlagBody>;
