-- Up Migration
-- What is under way ends first, as in 0027.
DO $$
BEGIN
  SET LOCAL lock_timeout = '200ms';
  FOR v_try IN 1..100 LOOP
    BEGIN
      LOCK TABLE app.ledger_entries, app.idempotency_keys;
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
-- All entries of a transaction come in one statement: what comes later could come when the transaction has been weighed
-- already, since SET CONSTRAINTS may have that done before the commit.
CREATE OR REPLACE FUNCTION app.assert_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
  v_sum numeric;
BEGIN
  SELECT e.transaction_id, sum(e.amount_cents) INTO v_id, v_sum FROM entered e
    GROUP BY e.transaction_id
    HAVING sum(e.amount_cents) <> 0
      OR count(*) <> (SELECT count(*) FROM app.ledger_entries l WHERE l.transaction_id = e.transaction_id)
      OR NOT bool_and(coalesce((
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

-- An entry moves its wallet before it is placed. ON CONFLICT could leave it out after that, and takes no key that is
-- deferrable: no entry is ever left out.
ALTER TABLE app.ledger_entries
  DROP CONSTRAINT ledger_entries_pkey,
  ADD PRIMARY KEY (transaction_id, id) DEFERRABLE;

-- Looked through for what it may not hold: a pattern of 64 characters costs thirty times as much.
ALTER DOMAIN app.sha256 DROP CONSTRAINT sha256_check;
ALTER DOMAIN app.sha256 ADD CONSTRAINT sha256_check CHECK (length(VALUE) = 64 AND VALUE !~ '[^0-9a-f]');

-- Down Migration
ALTER DOMAIN app.sha256 DROP CONSTRAINT sha256_check;
ALTER DOMAIN app.sha256 ADD CONSTRAINT sha256_check CHECK (length(VALUE) = 64);
ALTER TABLE app.ledger_entries
  DROP CONSTRAINT ledger_entries_pkey,
  ADD PRIMARY KEY (transaction_id, id);
CREATE OR REPLACE FUNCTION app.assert_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
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
