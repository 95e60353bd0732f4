-- Up Migration
-- What is under way ends first, as in 0027: a transaction of its own has to take the tables anew.
DO $$
BEGIN
  SET LOCAL lock_timeout = '200ms';
  FOR v_try IN 1..100 LOOP
    BEGIN
      LOCK TABLE app.mobile_money_payouts, app.ledger_entries, app.transactions, app.idempotency_keys, app.wallets,
        app.mobile_money_payout_history;
      EXIT;
    EXCEPTION WHEN lock_not_available THEN
      IF v_try = 100 THEN
        RAISE;
      END IF;
      PERFORM pg_sleep(0.05 * random());
    END;
  END LOOP;
  SET LOCAL lock_timeout = DEFAULT;
END
$$;
-- Entries come with their transaction, in one statement, so they are weighed together at its end and not one by one at
-- commit. What is asked of other tables stands in subqueries of one row: the plan of a join that was made while the
-- tables were empty would read them whole when they no longer are.
DROP TRIGGER transactions_balanced ON app.transactions;
DROP TRIGGER ledger_entries_balanced ON app.ledger_entries;
DROP FUNCTION app.assert_balanced();

CREATE FUNCTION app.assert_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
  v_sum numeric;
BEGIN
  SELECT e.transaction_id, sum(e.amount_cents) INTO v_id, v_sum FROM entered e
    GROUP BY e.transaction_id
    HAVING sum(e.amount_cents) <> 0 OR NOT bool_and(coalesce((
      SELECT t.made_in = pg_current_xact_id() AND coalesce(e.wallet_id, t.wallet_id) = t.wallet_id
      FROM app.transactions t WHERE t.id = e.transaction_id), false))
    LIMIT 1;
  IF v_sum <> 0 THEN
    RAISE EXCEPTION 'transaction % does not sum to zero', v_id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_sums_to_zero';
  ELSIF v_sum = 0 THEN
    RAISE EXCEPTION 'transaction % is closed, or moves another wallet', v_id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_closed';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER ledger_entries_balanced AFTER INSERT ON app.ledger_entries REFERENCING NEW TABLE AS entered
  FOR EACH STATEMENT EXECUTE FUNCTION app.assert_balanced();

-- A cash-out has its debit and its payout; what comes to it later is weighed with it.
DROP TRIGGER transactions_funded ON app.transactions;
ALTER TABLE app.transactions DROP CONSTRAINT transactions_cash_out;
CREATE FUNCTION app.assert_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_moved numeric;
  v_amount bigint;
BEGIN
  SELECT sum(amount_cents) INTO v_moved FROM app.ledger_entries WHERE transaction_id = NEW.id AND account = 'WALLET';
  IF v_moved IS NULL THEN
    RAISE EXCEPTION 'transaction % moves no wallet', NEW.id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_sums_to_zero';
  ELSIF (NEW.kind = 'CASH_IN') <> (NEW.cash_out_id IS NULL)
    OR (NEW.kind = 'CASH_OUT') <> (NEW.cash_out_id IS NOT DISTINCT FROM NEW.id) THEN
    RAISE EXCEPTION 'transaction % is a % of %', NEW.id, NEW.kind, NEW.cash_out_id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'transactions_cash_out';
  ELSIF NEW.kind = 'CASH_OUT' THEN
    SELECT amount_cents INTO v_amount FROM app.mobile_money_payouts WHERE transaction_id = NEW.id;
    IF (-v_moved >= v_amount) IS NOT TRUE THEN
      RAISE EXCEPTION 'cash-out % took % for a payout of %', NEW.id, -v_moved, v_amount
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'mobile_money_payouts_funded';
    END IF;
  ELSIF NEW.cash_out_id IS NOT NULL THEN
    PERFORM app.weigh_payout(NEW.cash_out_id);
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER transactions_whole AFTER INSERT ON app.transactions
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.assert_whole();

CREATE FUNCTION app.weigh_payout(p_id uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_status text;
  v_amount bigint;
  v_wallet_id uuid;
  v_part app.transactions;
  v_moved numeric;
  v_debit numeric;
  v_net numeric := 0;
BEGIN
  SELECT status, amount_cents INTO v_status, v_amount FROM app.mobile_money_payouts WHERE transaction_id = p_id;
  SELECT wallet_id INTO v_wallet_id FROM app.transactions WHERE id = p_id;
  FOR v_part IN SELECT * FROM app.transactions WHERE cash_out_id = p_id LOOP
    SELECT coalesce(sum(amount_cents) FILTER (WHERE wallet_id = v_wallet_id), 0) INTO v_moved
      FROM app.ledger_entries WHERE transaction_id = v_part.id AND account = 'WALLET';
    v_net := v_net + v_moved;
    IF v_part.kind = 'CASH_OUT' THEN v_debit := v_moved; END IF;
  END LOOP;
  IF v_status IS NULL OR (-v_debit >= v_amount) IS NOT TRUE
    OR v_net IS DISTINCT FROM (CASE v_status WHEN 'FAILED' THEN 0 ELSE v_debit END) THEN
    RAISE EXCEPTION 'payout % is %, and its wallet has % of %', p_id, v_status, v_net, v_debit
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'mobile_money_payouts_funded';
  END IF;
END
$$;
CREATE OR REPLACE FUNCTION app.assert_funded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM app.weigh_payout(NEW.transaction_id);
  RETURN NULL;
END
$$;

-- What the triggers look up anyway is not looked up once more: an entry without its transaction is refused as closed, one
-- without its wallet has no balance after it. And what has a name of its own needs no number beside it.
ALTER TABLE app.ledger_entries
  DROP CONSTRAINT ledger_entries_transaction_id_fkey,
  DROP CONSTRAINT ledger_entries_wallet_id_fkey,
  DROP CONSTRAINT ledger_entries_pkey,
  ADD PRIMARY KEY (transaction_id, id);
DROP INDEX app.ledger_entries_transaction;
ALTER TABLE app.mobile_money_payout_history
  DROP CONSTRAINT mobile_money_payout_history_pkey,
  ADD PRIMARY KEY (transaction_id, id);
DROP INDEX app.mobile_money_payout_history_of;
ALTER TABLE app.idempotency_keys
  DROP CONSTRAINT idempotency_keys_pkey,
  DROP CONSTRAINT idempotency_keys_user_id_idempotency_key_route_key_key,
  ADD PRIMARY KEY (user_id, idempotency_key);
DROP INDEX app.idempotency_keys_once;

-- Down Migration
ALTER TABLE app.idempotency_keys
  DROP CONSTRAINT idempotency_keys_pkey,
  ADD PRIMARY KEY (id),
  ADD UNIQUE (user_id, idempotency_key, route_key);
CREATE UNIQUE INDEX idempotency_keys_once ON app.idempotency_keys (user_id, idempotency_key);
ALTER TABLE app.mobile_money_payout_history
  DROP CONSTRAINT mobile_money_payout_history_pkey,
  ADD PRIMARY KEY (id);
CREATE INDEX mobile_money_payout_history_of ON app.mobile_money_payout_history (transaction_id, id);
ALTER TABLE app.ledger_entries
  DROP CONSTRAINT ledger_entries_pkey,
  ADD PRIMARY KEY (id),
  ADD FOREIGN KEY (transaction_id) REFERENCES app.transactions (id),
  ADD FOREIGN KEY (wallet_id) REFERENCES app.wallets (id);
CREATE INDEX ledger_entries_transaction ON app.ledger_entries (transaction_id);
DROP TRIGGER transactions_whole ON app.transactions;
DROP TRIGGER ledger_entries_balanced ON app.ledger_entries;
DROP FUNCTION app.assert_whole();
DROP FUNCTION app.assert_balanced();
ALTER TABLE app.transactions ADD CONSTRAINT transactions_cash_out CHECK (CASE kind
  WHEN 'CASH_IN' THEN cash_out_id IS NULL
  WHEN 'CASH_OUT' THEN cash_out_id IS NOT DISTINCT FROM id
  ELSE cash_out_id IS DISTINCT FROM id AND cash_out_id IS NOT NULL END);
CREATE FUNCTION app.assert_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
  v_made_in xid8;
  v_wallet_id uuid;
  v_sum numeric;
  v_foreign bigint;
BEGIN
  IF TG_TABLE_NAME = 'transactions' THEN v_id := NEW.id; ELSE v_id := NEW.transaction_id; END IF;
  SELECT made_in, wallet_id INTO v_made_in, v_wallet_id FROM app.transactions WHERE id = v_id;
  SELECT sum(amount_cents), count(*) FILTER (WHERE wallet_id <> v_wallet_id) INTO v_sum, v_foreign
    FROM app.ledger_entries WHERE transaction_id = v_id;
  IF v_sum IS DISTINCT FROM 0 THEN
    RAISE EXCEPTION 'transaction % does not sum to zero', v_id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_sums_to_zero';
  ELSIF v_made_in <> pg_current_xact_id() OR v_foreign > 0 THEN
    RAISE EXCEPTION 'transaction % is closed, or moves another wallet', v_id
      USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_closed';
  END IF;
  RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER transactions_balanced AFTER INSERT ON app.transactions
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.assert_balanced();
CREATE CONSTRAINT TRIGGER ledger_entries_balanced AFTER INSERT ON app.ledger_entries
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.assert_balanced();

CREATE OR REPLACE FUNCTION app.assert_funded() RETURNS trigger LANGUAGE plpgsql AS $$
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
DROP FUNCTION app.weigh_payout(uuid);
CREATE CONSTRAINT TRIGGER transactions_funded AFTER INSERT ON app.transactions
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.cash_out_id IS NOT NULL)
  EXECUTE FUNCTION app.assert_funded();
