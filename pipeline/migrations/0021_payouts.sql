-- Up Migration
CREATE TABLE app.mobile_money_payouts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  transaction_id uuid NOT NULL UNIQUE REFERENCES app.transactions (id),
  provider text NOT NULL CHECK (provider IN ('TMONEY', 'FLOOZ', 'MOMO', 'THUNES')),
  phone_e164 text NOT NULL CHECK (phone_e164 ~ '^\+[1-9][0-9]{6,14}$'),
  provider_ref text CHECK (length(provider_ref) BETWEEN 1 AND 200),
  -- What the provider knows the payout by before it has given a reference of its own.
  external_ref text NOT NULL UNIQUE,
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'SENT', 'CONFIRMED', 'FAILED')),
  amount_cents bigint NOT NULL CHECK (amount_cents BETWEEN 1 AND 9007199254740991),
  currency text NOT NULL DEFAULT 'XOF',
  last_error text,
  attempt_count integer NOT NULL DEFAULT 0 CHECK (attempt_count >= 0),
  last_attempt_at timestamptz,
  next_retry_at timestamptz,
  retryable boolean NOT NULL DEFAULT true,
  provider_response jsonb,
  quote jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN app.mobile_money_payouts.attempt_count IS 'submissions; asking for the status is none';
CREATE UNIQUE INDEX mobile_money_payouts_provider_ref ON app.mobile_money_payouts (provider, provider_ref)
  WHERE provider_ref IS NOT NULL;
CREATE INDEX mobile_money_payouts_due ON app.mobile_money_payouts (next_retry_at NULLS FIRST)
  WHERE status IN ('PENDING', 'SENT');
CREATE INDEX mobile_money_payouts_listed ON app.mobile_money_payouts (created_at DESC, id);

CREATE TABLE app.mobile_money_payout_history (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transaction_id uuid NOT NULL REFERENCES app.mobile_money_payouts (transaction_id),
  from_status text,
  to_status text NOT NULL,
  attempt_count integer NOT NULL,
  provider_ref text,
  last_error text,
  at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX mobile_money_payout_history_of ON app.mobile_money_payout_history (transaction_id, id);
CREATE TRIGGER mobile_money_payout_history_immutable BEFORE UPDATE OR DELETE ON app.mobile_money_payout_history
  FOR EACH ROW EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER mobile_money_payout_history_kept BEFORE TRUNCATE ON app.mobile_money_payout_history
  FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

-- What was promised to whom never changes, and a state only goes where it may.
CREATE FUNCTION app.guard_payout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'PENDING' THEN
      RAISE EXCEPTION 'a payout begins as PENDING' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF TG_OP = 'DELETE' OR (NEW.id, NEW.transaction_id, NEW.provider, NEW.phone_e164, NEW.external_ref,
      NEW.amount_cents, NEW.currency, NEW.created_at)
    <> (OLD.id, OLD.transaction_id, OLD.provider, OLD.phone_e164, OLD.external_ref,
      OLD.amount_cents, OLD.currency, OLD.created_at) THEN
    RAISE EXCEPTION 'what a payout promises never changes' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
      ('PENDING', 'SENT'), ('PENDING', 'CONFIRMED'), ('PENDING', 'FAILED'),
      ('SENT', 'CONFIRMED'), ('SENT', 'FAILED'), ('FAILED', 'PENDING')) THEN
    RAISE EXCEPTION 'a payout does not go from % to %', OLD.status, NEW.status
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'mobile_money_payouts_states';
  END IF;
  NEW.updated_at := clock_timestamp();
  RETURN NEW;
END
$$;
CREATE TRIGGER mobile_money_payouts_guard BEFORE INSERT OR UPDATE OR DELETE ON app.mobile_money_payouts
  FOR EACH ROW EXECUTE FUNCTION app.guard_payout();
CREATE TRIGGER mobile_money_payouts_kept BEFORE TRUNCATE ON app.mobile_money_payouts
  FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

CREATE FUNCTION app.keep_payout_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO app.mobile_money_payout_history
    (transaction_id, from_status, to_status, attempt_count, provider_ref, last_error)
  VALUES (NEW.transaction_id, CASE TG_OP WHEN 'UPDATE' THEN OLD.status END, NEW.status, NEW.attempt_count,
    NEW.provider_ref, NEW.last_error);
  RETURN NULL;
END
$$;
CREATE TRIGGER mobile_money_payouts_begun AFTER INSERT ON app.mobile_money_payouts
  FOR EACH ROW EXECUTE FUNCTION app.keep_payout_history();
CREATE TRIGGER mobile_money_payouts_moved AFTER UPDATE ON app.mobile_money_payouts
  FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.attempt_count <> NEW.attempt_count
    OR OLD.provider_ref IS DISTINCT FROM NEW.provider_ref)
  EXECUTE FUNCTION app.keep_payout_history();

-- At commit: the wallet has paid for a payout once, and not at all for one that failed.
CREATE FUNCTION app.assert_funded() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
  v_status text;
  v_amount bigint;
  v_part app.transactions;
  v_moved numeric;
  v_debit numeric;
  v_net numeric := 0;
BEGIN
  IF TG_TABLE_NAME = 'transactions' THEN v_id := NEW.cash_out_id; ELSE v_id := NEW.transaction_id; END IF;
  SELECT status, amount_cents INTO v_status, v_amount FROM app.mobile_money_payouts WHERE transaction_id = v_id;
  FOR v_part IN SELECT * FROM app.transactions WHERE cash_out_id = v_id LOOP
    SELECT coalesce(sum(amount_cents), 0) INTO v_moved
      FROM app.ledger_entries WHERE transaction_id = v_part.id AND account = 'WALLET';
    v_net := v_net + v_moved;
    IF v_part.kind = 'CASH_OUT' THEN v_debit := v_moved; END IF;
  END LOOP;
  IF v_status IS NULL OR (-v_debit >= v_amount) IS NOT TRUE
    OR v_net IS DISTINCT FROM (CASE v_status WHEN 'FAILED' THEN 0 ELSE v_debit END) THEN
    RAISE EXCEPTION 'payout % is %, and its wallet has % of %', v_id, v_status, v_net, v_debit
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'mobile_money_payouts_funded';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER transactions_funded AFTER INSERT ON app.transactions
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.cash_out_id IS NOT NULL)
  EXECUTE FUNCTION app.assert_funded();
CREATE CONSTRAINT TRIGGER mobile_money_payouts_funded AFTER UPDATE ON app.mobile_money_payouts
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status <> NEW.status AND 'FAILED' IN (OLD.status, NEW.status))
  EXECUTE FUNCTION app.assert_funded();

-- Down Migration
DROP TRIGGER transactions_funded ON app.transactions;
DROP TABLE app.mobile_money_payout_history;
DROP TABLE app.mobile_money_payouts;
DROP FUNCTION app.assert_funded();
DROP FUNCTION app.keep_payout_history();
DROP FUNCTION app.guard_payout();
