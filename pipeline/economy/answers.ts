import { Type } from 'typebox';
import { Kind, Scope } from './schemas.ts';

const Text = Type.String();
const Coins = Type.Integer();
const Count = Type.Integer({ minimum: 0 });
const Moment = Type.String({ format: 'date-time' });
const OrNull = <T extends ReturnType<typeof Type.String | typeof Type.Integer>>(type: T) =>
  Type.Union([type, Type.Null()]);

export const LoginAnswer = Type.Object({
  token: Text,
  token_type: Type.Literal('Bearer'),
  expires_in: Count,
  user_id: Text,
});

export const WalletAnswer = Type.Object({ wallet_id: Text, balance: Count, held: Count, available: Count });

export const PostAnswer = Type.Object({
  wallet_id: Text,
  balance_after: Count,
  transaction_id: Count,
  idempotency_key: Text,
});

export const HistoryAnswer = Type.Object({
  transactions: Type.Array(
    Type.Object({
      id: Count,
      amount: Coins,
      balance_after: Count,
      reason: Text,
      created_at: Moment,
      idempotency_key: Text,
    }),
  ),
  page: Count,
  page_size: Count,
  total_count: Count,
  has_next: Type.Boolean(),
  has_prev: Type.Boolean(),
});

export const ItemsAnswer = Type.Object({
  items: Type.Array(
    Type.Object({
      id: Count,
      sku: Text,
      name: Text,
      description: Text,
      price: Count,
      active: Type.Boolean(),
    }),
  ),
});

export const PurchaseAnswer = Type.Object({
  purchase_id: Text,
  state: Type.Union([
    Type.Literal('authorized'),
    Type.Literal('captured'),
    Type.Literal('released'),
    Type.Literal('expired'),
  ]),
  item_id: Count,
  quantity: Count,
  total: Count,
  refunded: Count,
  expires_at: Moment,
  transaction_id: OrNull(Count),
  balance_after: OrNull(Count),
});

export const RefundAnswer = Type.Object({
  refund_id: Text,
  amount: Count,
  idempotency_key: Text,
  purchase: PurchaseAnswer,
});

export const PingAnswer = Type.Object({ allow: Type.Literal(true) }, { additionalProperties: false });

export const SanctionAnswer = Type.Object({
  id: Text,
  user_id: Text,
  kind: Kind,
  scope: Scope,
  reason: Text,
  starts_at: Moment,
  ends_at: OrNull(Moment),
  revoked_at: OrNull(Moment),
});

export const SanctionsAnswer = Type.Object({ sanctions: Type.Array(SanctionAnswer) });

export const RevenueAnswer = Type.Object({
  period: Type.Object({ start_date: Text, end_date: Text }),
  total_revenue: Coins,
  total_refunds: Coins,
  net_revenue: Coins,
  transaction_count: Count,
  unique_paying_users: Count,
  arppu: Coins,
  average_transaction_value: Coins,
});

export const UserAnswer = Type.Object({
  id: Text,
  username: Text,
  role: Text,
  active: Type.Boolean(),
  date_joined: Moment,
});

export const UsersAnswer = Type.Object({
  users: Type.Array(UserAnswer),
  page: Count,
  page_size: Count,
  total_count: Count,
});
