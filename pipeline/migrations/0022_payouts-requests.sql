-- Up Migration
CREATE TABLE app.idempotency_keys (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES app.users (id),
  idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 128),
  route_key text NOT NULL,
  request_hash text NOT NULL CHECK (request_hash ~ '^[0-9a-f]{64}$'),
  response_json json NOT NULL,
  status_code integer NOT NULL CHECK (status_code BETWEEN 200 AND 499 AND status_code <> 429),
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (user_id, idempotency_key, route_key)
);
COMMENT ON TABLE app.idempotency_keys IS
  'Written in the transaction that moves the money; a request under way holds an advisory lock instead of a row.';
CREATE INDEX idempotency_keys_created ON app.idempotency_keys (created_at);

CREATE TABLE app.webhook_events (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  provider text NOT NULL CHECK (provider IN ('TMONEY', 'FLOOZ', 'MOMO', 'THUNES')),
  -- The payout that it names, where there is one of this provider.
  transaction_id uuid REFERENCES app.mobile_money_payouts (transaction_id),
  external_ref text,
  provider_ref text,
  status_raw text,
  signature_valid boolean NOT NULL,
  applied boolean NOT NULL DEFAULT false,
  -- Why it was refused or changed nothing, such as INVALID_SIGNATURE or ALREADY_CONFIRMED.
  reason text,
  body bytea NOT NULL CHECK (length(body) <= 1048576),
  request_id text,
  -- The event that an administrator had played again.
  replay_of uuid REFERENCES app.webhook_events (id),
  received_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX webhook_events_of_payout ON app.webhook_events (transaction_id, received_at DESC)
  WHERE transaction_id IS NOT NULL;
CREATE INDEX webhook_events_received ON app.webhook_events (received_at DESC, id);

CREATE TABLE app.audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- A user, or what else acted.
  actor text NOT NULL,
  action text NOT NULL,
  target text NOT NULL,
  reason text,
  detail jsonb,
  request_id text,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX audit_log_target ON app.audit_log (target, id);
CREATE TRIGGER audit_log_immutable BEFORE UPDATE OR DELETE ON app.audit_log
  FOR EACH ROW EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER audit_log_kept BEFORE TRUNCATE ON app.audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

-- Down Migration
DROP TABLE app.audit_log;
DROP TABLE app.webhook_events;
DROP TABLE app.idempotency_keys;
