-- Up Migration
CREATE TABLE mono_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id uuid NOT NULL,
  ts timestamptz NOT NULL,
  event text NOT NULL,
  correlation_id text NOT NULL,
  account_id uuid NOT NULL,
  payload json NOT NULL
);
CREATE INDEX mono_events_run ON mono_events (run_id, id);
CREATE INDEX mono_events_ts ON mono_events (ts);

CREATE TABLE dead_letters (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  topic text NOT NULL,
  operation text NOT NULL,
  subject_id text NOT NULL,
  payload jsonb NOT NULL,
  reason text NOT NULL,
  correlation_id text NOT NULL,
  attempts integer NOT NULL DEFAULT 1,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'retried', 'cleared')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  settled_by text
);
-- Repeated failures of one subject are one letter with a growing count, not a pile.
CREATE UNIQUE INDEX dead_letters_open ON dead_letters (topic, subject_id) WHERE state = 'open';

CREATE TABLE mono_webhook_events (
  dedupe_key text PRIMARY KEY,
  event text NOT NULL,
  account_id uuid,
  received_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX mono_webhook_events_expires ON mono_webhook_events (expires_at);

-- Down Migration
DROP TABLE mono_webhook_events;
DROP TABLE dead_letters;
DROP TABLE mono_events;
