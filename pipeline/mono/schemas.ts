import { type Static, Type } from 'typebox';

const Uuid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });
const Day = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' });

export const IdParams = Type.Object({ id: Uuid });

export const RunParams = Type.Object({ correlation_id: Type.String({ maxLength: 64 }) });

export const SyncBody = Type.Object({
  sync_config: Type.Object({
    account_db_id: Uuid,
    mono_account_id: Type.Optional(Type.String({ maxLength: 64 })),
    mode: Type.Optional(Type.Union([Type.Literal('incremental'), Type.Literal('full')])),
    start: Type.Optional(Day),
    end: Type.Optional(Day),
    page_limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  }),
});
export type SyncBody = Static<typeof SyncBody>;

/** What is missing is answered in the words that existing clients know, so nothing is required here. */
export const LinkBody = Type.Object({
  customer: Type.Optional(
    Type.Object({ name: Type.Optional(Type.String()), email: Type.Optional(Type.String()) }),
  ),
  scope: Type.Optional(Type.String()),
  redirect_url: Type.Optional(Type.String({ maxLength: 2048 })),
  meta: Type.Optional(Type.Object({ ref: Type.Optional(Type.String({ maxLength: 128 })) })),
});
export type LinkBody = Static<typeof LinkBody>;

export const CallbackBody = Type.Object({
  code: Type.Optional(Type.String({ maxLength: 256 })),
  reference: Type.Optional(Type.String({ maxLength: 128 })),
});
export type CallbackBody = Static<typeof CallbackBody>;

const Topic = Type.String({ pattern: '^[a-z][a-z._]*\\*?$', maxLength: 64 });

export const LetterQuery = Type.Object({
  topic: Type.Optional(Topic),
  state: Type.Optional(
    Type.Union([Type.Literal('open'), Type.Literal('retried'), Type.Literal('cleared'), Type.Literal('all')]),
  ),
});

/** Clearing names its topic: nothing is cleared by forgetting a parameter. */
export const ClearQuery = Type.Object({ topic: Topic });
