import { type Static, Type } from 'typebox';
import { uuidPattern } from '#pipeline/shared/uuid.ts';

const Uuid = Type.String({ pattern: uuidPattern });
const Day = Type.String({ pattern: '^[12]\\d{3}-\\d{2}-\\d{2}$' });
/** Keys with this prefix belong to purchases and refunds. */
const Key = Type.String({ pattern: '^(?!shop:)[!-~]{1,128}$' });
const Amount = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });

export const KeyHeaders = Type.Object({ 'idempotency-key': Type.Optional(Key) });
export const RequiredKeyHeaders = Type.Object({ 'idempotency-key': Key });
export const IdParams = Type.Object({ id: Uuid });
export const UserParams = Type.Object({ user_id: Uuid });

export const LoginBody = Type.Object({
  username: Type.String({ minLength: 1, maxLength: 64 }),
  password: Type.String({ minLength: 1, maxLength: 256 }),
});

export const MemberBody = Type.Object({
  username: Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{2,31}$' }),
  password: Type.String({ minLength: 12, maxLength: 256 }),
});

/** Texts of a query; a page of more than 100 rows is cut to 100. */
export const PageQuery = Type.Object({
  page: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,5}$' })),
  page_size: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,3}$' })),
});

export function readPage(query: Static<typeof PageQuery>): { page: number; pageSize: number } {
  return { page: Number(query.page ?? 1), pageSize: Math.min(Number(query.page_size ?? 20), 100) };
}

export const ExportQuery = Type.Object({ format: Type.Optional(Type.Literal('csv')) });

export const PurchaseBody = Type.Object({
  item_id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
  quantity: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
});

export const RefundBody = Type.Object({ amount: Type.Optional(Amount) });

export const PostBody = Type.Object({
  /** Positive is a credit, negative a debit. */
  amount: Type.Union([Amount, Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: -1 })]),
  reason: Type.String({ minLength: 1, maxLength: 200 }),
});

export const Kind = Type.Union([Type.Literal('ban'), Type.Literal('mute'), Type.Literal('suspend')]);
export const Scope = Type.Union([Type.Literal('global'), Type.Literal('tournament')]);
const Moment = Type.String({ format: 'date-time', pattern: '^[12]\\d{3}-.{5}T.{8}(\\.\\d{1,6})?Z$' });

export const SanctionBody = Type.Object({
  user_id: Uuid,
  kind: Kind,
  scope: Type.Optional(Scope),
  reason: Type.String({ minLength: 1, maxLength: 500 }),
  starts_at: Type.Optional(Moment),
  ends_at: Type.Optional(Moment),
});

export const SanctionQuery = Type.Object({ user_id: Type.Optional(Uuid) });

export const RevenueQuery = Type.Object({ start_date: Type.Optional(Day), end_date: Type.Optional(Day) });
