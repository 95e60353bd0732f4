import { type Static, type TSchema, Type } from 'typebox';
import { uuidPattern } from '#pipeline/shared/uuid.ts';
import { providers, statuses } from './payouts.ts';

const strict = { additionalProperties: false };
const Text = Type.String();
const Moment = Type.String({ format: 'date-time' });
const Count = Type.Integer({ minimum: 0 });
const OrNull = <T extends TSchema>(type: T) => Type.Union([type, Type.Null()]);
const Uuid = Type.String({ pattern: uuidPattern });
const Email = Type.String({
  maxLength: 254,
  pattern: '^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,180}\\.[A-Za-z]{2,24}$',
});
const Phone = Type.String({ pattern: '^\\+[1-9][0-9]{6,14}$' });
const Country = Type.String({ pattern: '^[A-Za-z]{2}$' });
const Password = Type.String({ minLength: 8, maxLength: 256 });
const Cents = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
const Reason = Type.String({ maxLength: 500 });

export const ProviderName = Type.Enum([...providers]);
const Status = Type.Enum([...statuses]);
const Role = Type.Union([Type.Literal('USER'), Type.Literal('ADMIN')]);

export const RegisterBody = Type.Object({
  email: Email,
  password: Password,
  phone_e164: Phone,
  country: Country,
  full_name: Type.Optional(OrNull(Type.String({ maxLength: 200 }))),
});
export const RegisterAnswer = Type.Object({ user_id: Text, wallet_id: Text });

export const LoginBody = Type.Object({
  email: Type.String({ minLength: 1, maxLength: 254 }),
  password: Type.String({ minLength: 1, maxLength: 256 }),
});
export const LoginAnswer = Type.Object({
  access_token: Text,
  token_type: Type.Literal('bearer'),
  expires_in: Count,
  user_id: Text,
});

export const WalletsAnswer = Type.Object({
  wallets: Type.Array(Type.Object({ wallet_id: Text, currency: Text, balance_cents: Count })),
});

/** Looked at by hand, so that a missing key and one that is too long have the answers that clients know. */
export const KeyHeaders = Type.Object({ 'idempotency-key': Type.Optional(Text) });

export const CashInBody = Type.Object({
  wallet_id: Uuid,
  amount_cents: Cents,
  country: Country,
  provider: ProviderName,
  phone_e164: Type.Optional(OrNull(Phone)),
});
export const CashInAnswer = Type.Object({
  transaction_id: Text,
  wallet_id: Text,
  amount_cents: Count,
  currency: Text,
});

export const CashOutBody = Type.Object({
  wallet_id: Uuid,
  amount_cents: Cents,
  country: Country,
  /** The usual one of the country where it is left out. */
  provider: Type.Optional(OrNull(ProviderName)),
  /** The user's own where it is left out. */
  phone_e164: Type.Optional(OrNull(Phone)),
  /** Taken from older clients and not used: a reference is the provider's to give. */
  provider_ref: Type.Optional(OrNull(Type.String({ maxLength: 200 }))),
});
export const CashOutAnswer = Type.Object({
  transaction_id: Text,
  external_ref: Text,
  fee_cents: Count,
  fx_rate: Text,
  receive_amount_minor: Count,
  corridor: Text,
});

export const TransactionParams = Type.Object({ transaction_id: Uuid });

export const PayoutAnswer = Type.Object({
  transaction_id: Text,
  external_ref: Text,
  status: Status,
  provider: ProviderName,
  provider_ref: OrNull(Text),
  phone_e164: Text,
  amount_cents: Count,
  currency: Text,
  attempt_count: Count,
  last_error: OrNull(Text),
  last_attempt_at: OrNull(Moment),
  next_retry_at: OrNull(Moment),
  retryable: Type.Boolean(),
  created_at: Moment,
  updated_at: Moment,
});

const Limit = Type.Optional(Type.String({ pattern: '^([1-9]\\d?|1\\d\\d|200)$' }));
export const ListQuery = Type.Object({
  status: Type.Optional(Status),
  provider: Type.Optional(ProviderName),
  retryable: Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')])),
  limit: Limit,
  offset: Type.Optional(Type.String({ pattern: '^\\d{1,9}$' })),
});
export type ListQuery = Static<typeof ListQuery>;
export const ListAnswer = Type.Object({
  payouts: Type.Array(PayoutAnswer),
  count: Count,
  limit: Count,
  offset: Count,
});

/** Unlike other bodies it takes no name that it does not know, as its clients are used to. */
export const RetryBody = OrNull(
  Type.Object({ force: Type.Optional(Type.Boolean()), reason: Type.Optional(OrNull(Reason)) }, strict),
);
export const RetryAnswer = Type.Object({
  transaction_id: Text,
  status: Status,
  retryable: Type.Boolean(),
  attempt_count: Count,
  next_retry_at: OrNull(Moment),
});

export const ConfirmBody = OrNull(
  Type.Object({
    provider_ref: Type.Optional(OrNull(Type.String({ minLength: 1, maxLength: 200 }))),
    reason: Type.Optional(OrNull(Reason)),
  }),
);

export const ProcessedAnswer = Type.Object({ processed: Count });

export const EventsQuery = Type.Object({ limit: Limit });
export const EventsAnswer = Type.Object({
  events: Type.Array(
    Type.Object({
      id: Text,
      provider: ProviderName,
      transaction_id: OrNull(Text),
      external_ref: OrNull(Text),
      provider_ref: OrNull(Text),
      status_raw: OrNull(Text),
      signature_valid: Type.Boolean(),
      applied: Type.Boolean(),
      reason: OrNull(Text),
      replay_of: OrNull(Text),
      received_at: Moment,
    }),
  ),
  count: Count,
  limit: Count,
});

export const RoleBody = Type.Object({ target_user_id: Uuid, role: Role });
export const BootstrapBody = Type.Object({ email: Email });
export const RoleAnswer = Type.Object({ user_id: Text, role: Role });
