import { Type } from 'typebox';
import { EnvelopeOf } from '#pipeline/shared/envelope.ts';

const Text = Type.String();
const Count = Type.Integer({ minimum: 0 });
const Moment = Type.String({ format: 'date-time' });
const Uuid = Type.String({ format: 'uuid' });
const TextOrNull = Type.Union([Text, Type.Null()]);
const MomentOrNull = Type.Union([Moment, Type.Null()]);
const UuidOrNull = Type.Union([Uuid, Type.Null()]);

export const ConnectionsAnswer = EnvelopeOf(
  Type.Object({
    connections: Type.Array(
      Type.Object({
        connection_id: Uuid,
        provider: Text,
        status: Text,
        reference: TextOrNull,
        created_at: Moment,
        accounts: Type.Array(
          Type.Object({
            account_id: Uuid,
            masked_account_number: Text,
            currency: Text,
            status: Text,
            last_synced_at: MomentOrNull,
          }),
        ),
      }),
    ),
  }),
);

export const LinkAnswer = EnvelopeOf(
  Type.Object({
    session_id: Uuid,
    mono_url: Text,
    reference: Text,
    customer_name: Text,
    customer_email: Text,
    expires_at: Moment,
    status: Type.Literal('pending'),
    si_id: Text,
  }),
);

export const CallbackAnswer = EnvelopeOf(
  Type.Object({
    connection_id: Uuid,
    account_id: Uuid,
    status: Type.Literal('active'),
    data_status: Type.Optional(TextOrNull),
  }),
);

const Totals = Type.Object({
  transaction_count: Count,
  total_amount: Type.String({ pattern: '^-?\\d+\\.\\d{2}$' }),
  first_transaction_date: MomentOrNull,
  last_transaction_date: MomentOrNull,
});

/** What stands here as optional is there when a sync ran; without it the answer was deferred. */
export const SyncAnswer = EnvelopeOf(
  Type.Object({
    sync_started: Type.Boolean(),
    feature_enabled: Type.Boolean(),
    credentials_configured: Type.Boolean(),
    fetched_count: Count,
    persisted: Count,
    duplicates: Count,
    connection_id: UuidOrNull,
    account_id: UuidOrNull,
    mono_account_id: TextOrNull,
    last_cursor: MomentOrNull,
    last_synced_at: MomentOrNull,
    message: Text,
    latency_sla_seconds: Type.Optional(Type.Number()),
    inserted_count: Type.Optional(Count),
    duplicate_count: Type.Optional(Count),
    rejected_count: Type.Optional(Count),
    pages: Type.Optional(Count),
    correlation_id: Type.Optional(Text),
    sync_correlation_id: Type.Optional(Text),
    summary: Type.Optional(Totals),
  }),
  { operation: Text, si_id: Text },
);

export const EventsAnswer = EnvelopeOf(
  Type.Object({
    events: Type.Array(
      Type.Object({ ts: Moment, event: Text, payload: Type.Record(Type.String(), Type.Unknown()) }),
    ),
  }),
);

const letter = {
  id: Uuid,
  topic: Text,
  operation: Text,
  subject_id: Text,
  payload: Type.Record(Type.String(), Type.Unknown()),
  reason: Text,
  correlation_id: Text,
  attempts: Count,
  state: Text,
  created_at: Moment,
  updated_at: Moment,
};

export const LettersAnswer = EnvelopeOf(Type.Object({ dead_letters: Type.Array(Type.Object(letter)) }));
export const LetterAnswer = EnvelopeOf(Type.Object(letter));
export const RetriedAnswer = EnvelopeOf(Type.Object({ ...letter, job_id: UuidOrNull }));
export const ClearedAnswer = EnvelopeOf(Type.Object({ cleared: Count, topic: Text }));

export const WebhookAnswer = Type.Object({
  success: Type.Literal(true),
  action: Text,
  timestamp: Moment,
  data: Type.Object({
    event_type: Text,
    status: Type.Union([Type.Literal('processed'), Type.Literal('ignored'), Type.Literal('duplicate')]),
    account_id: UuidOrNull,
  }),
});

export const WebhookTestAnswer = Type.Object({
  success: Type.Literal(true),
  status: Type.Literal('healthy'),
  timestamp: Moment,
});
