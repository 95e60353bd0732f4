-- Up Migration
CREATE TABLE banking_connections (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  provider text NOT NULL DEFAULT 'mono',
  si_id text NOT NULL,
  provider_customer_id text,
  reference text UNIQUE,
  status text NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'active', 'reauthorisation_required', 'unlinked')),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX banking_connections_si ON banking_connections (si_id, created_at);

CREATE TABLE bank_accounts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  connection_id uuid NOT NULL REFERENCES banking_connections (id),
  provider text NOT NULL DEFAULT 'mono',
  mono_account_id text NOT NULL,
  provider_account_id text NOT NULL,
  masked_account_number text NOT NULL CHECK (masked_account_number !~ '[0-9]{5}'),
  currency char(3) NOT NULL DEFAULT 'NGN',
  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'unlinked')),
  cursor_at timestamptz,
  last_synced_at timestamptz,
  failure_streak integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (connection_id, mono_account_id)
);
CREATE INDEX bank_accounts_mono ON bank_accounts (mono_account_id);

CREATE TABLE mono_sync_runs (
  id uuid PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES bank_accounts (id),
  trigger text NOT NULL,
  window_start date,
  window_end date,
  page_limit integer NOT NULL,
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'completed', 'failed', 'abandoned')),
  instance_id text NOT NULL,
  lease_until timestamptz NOT NULL,
  pages integer NOT NULL DEFAULT 0,
  fetched integer NOT NULL DEFAULT 0,
  inserted integer NOT NULL DEFAULT 0,
  duplicates integer NOT NULL DEFAULT 0,
  rejected integer NOT NULL DEFAULT 0,
  reason text,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
-- One run an account at a time, across all instances.
CREATE UNIQUE INDEX mono_sync_runs_one_running ON mono_sync_runs (account_id) WHERE state = 'running';
CREATE INDEX mono_sync_runs_started ON mono_sync_runs (started_at);

-- Down Migration
DROP TABLE mono_sync_runs;
DROP TABLE bank_accounts;
DROP TABLE banking_connections;
