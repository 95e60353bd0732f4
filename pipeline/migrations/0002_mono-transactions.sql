-- Up Migration
CREATE TABLE core_bank_transactions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  connection_id uuid NOT NULL REFERENCES banking_connections (id),
  account_id uuid NOT NULL REFERENCES bank_accounts (id),
  provider_transaction_id text NOT NULL,
  transaction_reference text,
  transaction_type text NOT NULL CHECK (transaction_type IN ('credit', 'debit')),
  status text NOT NULL CHECK (status IN ('completed', 'pending', 'reversed')),
  amount numeric(18,2) NOT NULL CHECK (amount >= 0),
  currency char(3) NOT NULL,
  description text,
  narration text,
  transaction_date timestamptz NOT NULL,
  value_date timestamptz,
  balance_after numeric(18,2),
  is_reversal boolean NOT NULL DEFAULT false,
  original_transaction_id text,
  counterparty_name text,
  counterparty_account_masked text CHECK (counterparty_account_masked !~ '[0-9]{5}'),
  counterparty_bank text,
  tags text[] NOT NULL DEFAULT '{}',
  transaction_metadata jsonb NOT NULL DEFAULT '{}',
  first_run_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (account_id, provider_transaction_id)
);
CREATE INDEX core_bank_transactions_date ON core_bank_transactions (account_id, transaction_date);

-- Which ids one run has met already, so that a row that shifts between pages counts once.
-- Unlogged: it outlives neither its run nor a crash.
CREATE UNLOGGED TABLE mono_run_seen (
  run_id uuid NOT NULL,
  provider_transaction_id text NOT NULL,
  PRIMARY KEY (run_id, provider_transaction_id)
);

CREATE TABLE mono_raw_payloads (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id uuid NOT NULL,
  account_id uuid NOT NULL REFERENCES bank_accounts (id),
  page integer NOT NULL,
  body text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mono_raw_payloads_received ON mono_raw_payloads (received_at);
CREATE INDEX mono_raw_payloads_run ON mono_raw_payloads (run_id);

CREATE TABLE mono_rejected_rows (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  run_id uuid NOT NULL,
  account_id uuid NOT NULL REFERENCES bank_accounts (id),
  provider_transaction_id text,
  reason text NOT NULL,
  raw text NOT NULL,
  raw_sha256 bytea NOT NULL,
  times integer NOT NULL DEFAULT 1,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (account_id, raw_sha256)
);

-- Down Migration
DROP TABLE mono_rejected_rows;
DROP TABLE mono_raw_payloads;
DROP TABLE mono_run_seen;
DROP TABLE core_bank_transactions;
