-- Up Migration
CREATE TABLE platform_users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  username text NOT NULL UNIQUE CHECK (username ~ '^[a-z0-9][a-z0-9._-]{2,31}$'),
  password_hash text NOT NULL CHECK (password_hash LIKE 'scrypt$%'),
  role text NOT NULL DEFAULT 'MEMBER' CHECK (role IN ('MEMBER', 'ADMIN')),
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The upper bounds keep every amount exact in JSON, where a number is a double.
CREATE TABLE economy_wallets (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL UNIQUE REFERENCES platform_users (id),
  cached_balance bigint NOT NULL DEFAULT 0,
  held bigint NOT NULL DEFAULT 0,
  last_sequence bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT economy_wallets_no_overdraft CHECK (cached_balance >= 0),
  CONSTRAINT economy_wallets_exact CHECK (cached_balance <= 9007199254740991),
  CONSTRAINT economy_wallets_holds_covered CHECK (held BETWEEN 0 AND cached_balance)
);

CREATE TABLE economy_transactions (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  wallet_id uuid NOT NULL REFERENCES economy_wallets (id),
  sequence bigint NOT NULL,
  amount bigint NOT NULL
    CHECK (amount <> 0 AND amount BETWEEN -9007199254740991 AND 9007199254740991),
  balance_before bigint NOT NULL,
  balance_after bigint NOT NULL,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
  idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 200),
  created_at timestamptz NOT NULL,
  UNIQUE (wallet_id, sequence),
  CONSTRAINT economy_transactions_once UNIQUE (wallet_id, idempotency_key),
  CONSTRAINT economy_transactions_sum CHECK (balance_after = balance_before + amount)
);
COMMENT ON TABLE economy_transactions IS
  'The ledger. Where a row stands and what the balance is after it, the database says, whatever was given.';

-- A wallet starts empty, and only what happens in the ledger and in holds moves it: within their triggers.
CREATE FUNCTION economy_guard_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF (NEW.cached_balance, NEW.held, NEW.last_sequence) <> (0, 0, 0) THEN
      RAISE EXCEPTION 'a wallet starts empty' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  ELSIF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a wallet is never deleted' USING ERRCODE = 'integrity_constraint_violation';
  ELSIF pg_trigger_depth() < 2 OR (NEW.id, NEW.user_id) <> (OLD.id, OLD.user_id) THEN
    RAISE EXCEPTION 'only the ledger and holds move a wallet' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER economy_wallets_guard BEFORE INSERT OR UPDATE OR DELETE ON economy_wallets
  FOR EACH ROW EXECUTE FUNCTION economy_guard_wallet();

-- The lock makes rows of one wallet follow each other. The wallet moves after the row is in: a row that
-- ON CONFLICT leaves out must not move it.
CREATE FUNCTION economy_place_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT last_sequence + 1, cached_balance, cached_balance + NEW.amount
    INTO NEW.sequence, NEW.balance_before, NEW.balance_after
    FROM economy_wallets WHERE id = NEW.wallet_id FOR NO KEY UPDATE;
  NEW.created_at := clock_timestamp();
  RETURN NEW;
END
$$;
CREATE TRIGGER economy_transactions_place BEFORE INSERT ON economy_transactions
  FOR EACH ROW EXECUTE FUNCTION economy_place_transaction();

CREATE FUNCTION economy_move_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE economy_wallets SET cached_balance = NEW.balance_after, last_sequence = NEW.sequence
    WHERE id = NEW.wallet_id;
  RETURN NULL;
END
$$;
CREATE TRIGGER economy_transactions_move AFTER INSERT ON economy_transactions
  FOR EACH ROW EXECUTE FUNCTION economy_move_wallet();

CREATE FUNCTION economy_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER economy_transactions_immutable BEFORE UPDATE OR DELETE ON economy_transactions
  FOR EACH ROW EXECUTE FUNCTION economy_refuse_change();
CREATE TRIGGER economy_transactions_kept BEFORE TRUNCATE ON economy_transactions
  FOR EACH STATEMENT EXECUTE FUNCTION economy_refuse_change();
CREATE TRIGGER economy_wallets_kept BEFORE TRUNCATE ON economy_wallets
  FOR EACH STATEMENT EXECUTE FUNCTION economy_refuse_change();

-- Down Migration
DROP TABLE economy_transactions;
DROP TABLE economy_wallets;
DROP TABLE platform_users;
DROP FUNCTION economy_refuse_change();
DROP FUNCTION economy_move_wallet();
DROP FUNCTION economy_place_transaction();
DROP FUNCTION economy_guard_wallet();
