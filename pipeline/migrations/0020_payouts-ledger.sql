-- Up Migration
CREATE SCHEMA app;

CREATE TABLE app.users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  email text NOT NULL CONSTRAINT users_email_key UNIQUE CHECK (email = lower(email)),
  phone_e164 text NOT NULL CONSTRAINT users_phone_key UNIQUE CHECK (phone_e164 ~ '^\+[1-9][0-9]{6,14}$'),
  country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  full_name text,
  password_hash text NOT NULL CHECK (password_hash LIKE 'scrypt$%'),
  role text NOT NULL DEFAULT 'USER' CHECK (role IN ('USER', 'ADMIN')),
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The upper bound keeps every amount exact in JSON, where a number is a double.
CREATE TABLE app.wallets (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES app.users (id),
  currency text NOT NULL DEFAULT 'XOF' CHECK (currency = 'XOF'),
  balance_cents bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (user_id, currency),
  CONSTRAINT wallets_no_overdraft CHECK (balance_cents >= 0),
  CONSTRAINT wallets_exact CHECK (balance_cents <= 9007199254740991)
);
COMMENT ON TABLE app.wallets IS 'One currency only: the ledger sums over all entries of a transaction.';

CREATE TABLE app.transactions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  kind text NOT NULL CHECK (kind IN ('CASH_IN', 'CASH_OUT', 'CASH_OUT_RETURN', 'CASH_OUT_AGAIN')),
  wallet_id uuid NOT NULL REFERENCES app.wallets (id),
  -- The cash-out that a return or a renewed debit is about; a cash-out is about itself.
  cash_out_id uuid REFERENCES app.transactions (id),
  made_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK ((kind = 'CASH_IN') = (cash_out_id IS NULL)),
  CHECK ((kind = 'CASH_OUT') = (cash_out_id IS NOT NULL AND cash_out_id = id))
);
CREATE INDEX transactions_cash_out ON app.transactions (cash_out_id) WHERE cash_out_id IS NOT NULL;
CREATE INDEX transactions_wallet ON app.transactions (wallet_id, created_at);

CREATE TABLE app.ledger_entries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  transaction_id uuid NOT NULL REFERENCES app.transactions (id),
  account text NOT NULL CHECK (account IN ('WALLET', 'FEES', 'TMONEY', 'FLOOZ', 'MOMO', 'THUNES')),
  wallet_id uuid REFERENCES app.wallets (id),
  -- Positive is a credit of the account, negative a debit.
  amount_cents bigint NOT NULL
    CHECK (amount_cents <> 0 AND amount_cents BETWEEN -9007199254740991 AND 9007199254740991),
  -- Of the wallet; other accounts have no running balance, since all payouts would wait for one row.
  balance_after_cents bigint,
  CHECK ((account = 'WALLET') = (wallet_id IS NOT NULL)),
  CHECK ((account = 'WALLET') = (balance_after_cents IS NOT NULL))
);
CREATE INDEX ledger_entries_transaction ON app.ledger_entries (transaction_id);
CREATE INDEX ledger_entries_wallet ON app.ledger_entries (wallet_id, id) WHERE wallet_id IS NOT NULL;

CREATE FUNCTION app.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;

-- A wallet starts empty, and only an entry of the ledger moves it: within its trigger.
CREATE FUNCTION app.guard_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.balance_cents <> 0 THEN
      RAISE EXCEPTION 'a wallet starts empty' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a wallet is never deleted' USING ERRCODE = 'integrity_constraint_violation';
  ELSIF pg_trigger_depth() < 2 OR (NEW.id, NEW.user_id, NEW.currency) <> (OLD.id, OLD.user_id, OLD.currency) THEN
    RAISE EXCEPTION 'only the ledger moves a wallet' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER wallets_guard BEFORE INSERT OR UPDATE OR DELETE ON app.wallets
  FOR EACH ROW EXECUTE FUNCTION app.guard_wallet();

CREATE FUNCTION app.move_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE app.wallets SET balance_cents = balance_cents + NEW.amount_cents
    WHERE id = NEW.wallet_id RETURNING balance_cents INTO NEW.balance_after_cents;
  RETURN NEW;
END
$$;
CREATE TRIGGER ledger_entries_move BEFORE INSERT ON app.ledger_entries
  FOR EACH ROW WHEN (NEW.wallet_id IS NOT NULL) EXECUTE FUNCTION app.move_wallet();

-- At commit: the entries of a transaction sum to zero, and all of them were made with it. One table at a time: the plan
-- of a join that was made while the tables were empty would read them whole when they no longer are.
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

CREATE TRIGGER transactions_immutable BEFORE UPDATE OR DELETE ON app.transactions
  FOR EACH ROW EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER ledger_entries_immutable BEFORE UPDATE OR DELETE ON app.ledger_entries
  FOR EACH ROW EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER transactions_kept BEFORE TRUNCATE ON app.transactions
  FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER ledger_entries_kept BEFORE TRUNCATE ON app.ledger_entries
  FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();
CREATE TRIGGER wallets_kept BEFORE TRUNCATE ON app.wallets
  FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

-- Down Migration
DROP TABLE app.ledger_entries;
DROP TABLE app.transactions;
DROP TABLE app.wallets;
DROP TABLE app.users;
DROP FUNCTION app.assert_balanced();
DROP FUNCTION app.move_wallet();
DROP FUNCTION app.guard_wallet();
DROP FUNCTION app.refuse_change();
DROP SCHEMA app;
