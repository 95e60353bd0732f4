-- Up Migration
-- What is under way ends first. Tables are taken in the order in which payouts take them; whoever takes them in another
-- one and waits for us is let through long before the server would end it as deadlocked.
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
-- A table's checks are read anew from the catalog by every statement that writes to it: they were a fifth of the work of
-- a cash-out. A domain's are kept ready by each connection, and one rule stands in one place for all tables.
-- Their rules come last: the tables are then read for them, and not written anew.
CREATE DOMAIN app.provider AS text;
CREATE DOMAIN app.account AS text;
CREATE DOMAIN app.payout_status AS text;
CREATE DOMAIN app.transaction_kind AS text;
CREATE DOMAIN app.currency AS text;
CREATE DOMAIN app.phone_e164 AS text;
CREATE DOMAIN app.provider_ref AS text;
CREATE DOMAIN app.idempotency_key AS text;
CREATE DOMAIN app.sha256 AS text;
CREATE DOMAIN app.kept_status_code AS integer;
CREATE DOMAIN app.cents AS bigint;
CREATE DOMAIN app.signed_cents AS bigint;
CREATE DOMAIN app.count AS integer;

ALTER TABLE app.wallets DROP CONSTRAINT wallets_currency_check, ALTER currency TYPE app.currency;

ALTER TABLE app.transactions
  DROP CONSTRAINT transactions_kind_check,
  DROP CONSTRAINT transactions_check,
  DROP CONSTRAINT transactions_check1,
  ALTER kind TYPE app.transaction_kind,
  ADD CONSTRAINT transactions_cash_out CHECK (CASE kind
    WHEN 'CASH_IN' THEN cash_out_id IS NULL
    WHEN 'CASH_OUT' THEN cash_out_id IS NOT DISTINCT FROM id
    ELSE cash_out_id IS DISTINCT FROM id AND cash_out_id IS NOT NULL END);

ALTER TABLE app.ledger_entries
  DROP CONSTRAINT ledger_entries_account_check,
  DROP CONSTRAINT ledger_entries_amount_cents_check,
  DROP CONSTRAINT ledger_entries_check,
  DROP CONSTRAINT ledger_entries_check1,
  ALTER account TYPE app.account,
  ALTER amount_cents TYPE app.signed_cents,
  ADD CONSTRAINT ledger_entries_of_wallet
    CHECK (num_nonnulls(wallet_id, balance_after_cents) = CASE account WHEN 'WALLET' THEN 2 ELSE 0 END);

DROP TRIGGER mobile_money_payouts_moved ON app.mobile_money_payouts;
DROP TRIGGER mobile_money_payouts_funded ON app.mobile_money_payouts;
ALTER TABLE app.mobile_money_payouts
  DROP CONSTRAINT mobile_money_payouts_amount_cents_check,
  DROP CONSTRAINT mobile_money_payouts_attempt_count_check,
  DROP CONSTRAINT mobile_money_payouts_phone_e164_check,
  DROP CONSTRAINT mobile_money_payouts_provider_check,
  DROP CONSTRAINT mobile_money_payouts_provider_ref_check,
  DROP CONSTRAINT mobile_money_payouts_round_check,
  DROP CONSTRAINT mobile_money_payouts_status_check,
  ALTER amount_cents TYPE app.cents,
  ALTER attempt_count TYPE app.count,
  ALTER phone_e164 TYPE app.phone_e164,
  ALTER provider TYPE app.provider,
  ALTER provider_ref TYPE app.provider_ref,
  ALTER round TYPE app.count,
  ALTER status TYPE app.payout_status;
CREATE TRIGGER mobile_money_payouts_moved AFTER UPDATE ON app.mobile_money_payouts
  FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.attempt_count <> NEW.attempt_count
    OR OLD.provider_ref IS DISTINCT FROM NEW.provider_ref)
  EXECUTE FUNCTION app.keep_payout_history();
CREATE CONSTRAINT TRIGGER mobile_money_payouts_funded AFTER UPDATE ON app.mobile_money_payouts
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status <> NEW.status AND 'FAILED' IN (OLD.status, NEW.status))
  EXECUTE FUNCTION app.assert_funded();

ALTER TABLE app.idempotency_keys
  DROP CONSTRAINT idempotency_keys_idempotency_key_check,
  DROP CONSTRAINT idempotency_keys_request_hash_check,
  DROP CONSTRAINT idempotency_keys_status_code_check,
  ALTER idempotency_key TYPE app.idempotency_key,
  ALTER request_hash TYPE app.sha256,
  ALTER status_code TYPE app.kept_status_code;

ALTER DOMAIN app.provider ADD CHECK (VALUE IN ('TMONEY', 'FLOOZ', 'MOMO', 'THUNES'));
ALTER DOMAIN app.account ADD CHECK (VALUE IN ('WALLET', 'FEES', 'TMONEY', 'FLOOZ', 'MOMO', 'THUNES'));
ALTER DOMAIN app.payout_status ADD CHECK (VALUE IN ('PENDING', 'SENT', 'CONFIRMED', 'FAILED'));
ALTER DOMAIN app.transaction_kind ADD CHECK (VALUE IN ('CASH_IN', 'CASH_OUT', 'CASH_OUT_RETURN', 'CASH_OUT_AGAIN'));
ALTER DOMAIN app.currency ADD CHECK (VALUE = 'XOF');
ALTER DOMAIN app.phone_e164 ADD CHECK (VALUE ~ '^\+[1-9][0-9]{6,14}$');
ALTER DOMAIN app.provider_ref ADD CHECK (length(VALUE) BETWEEN 1 AND 200);
ALTER DOMAIN app.idempotency_key ADD CHECK (length(VALUE) BETWEEN 1 AND 128);
ALTER DOMAIN app.sha256 ADD CHECK (length(VALUE) = 64);
ALTER DOMAIN app.kept_status_code ADD CHECK (VALUE BETWEEN 200 AND 499 AND VALUE <> 429);
ALTER DOMAIN app.cents ADD CHECK (VALUE BETWEEN 1 AND 9007199254740991);
ALTER DOMAIN app.signed_cents ADD CHECK (VALUE <> 0 AND VALUE BETWEEN -9007199254740991 AND 9007199254740991);
ALTER DOMAIN app.count ADD CHECK (VALUE >= 0);

-- Connections that are open have these compiled for the types of before: whatever alters a function has it compiled anew.
ALTER FUNCTION app.guard_wallet() COST 100;
ALTER FUNCTION app.move_wallet() COST 100;
ALTER FUNCTION app.assert_balanced() COST 100;
ALTER FUNCTION app.guard_payout() COST 100;
ALTER FUNCTION app.count_rounds() COST 100;
ALTER FUNCTION app.keep_payout_history() COST 100;
ALTER FUNCTION app.assert_funded() COST 100;

-- Down Migration
ALTER TABLE app.idempotency_keys
  ALTER idempotency_key TYPE text, ADD CHECK (length(idempotency_key) BETWEEN 1 AND 128),
  ALTER request_hash TYPE text, ADD CHECK (request_hash ~ '^[0-9a-f]{64}$'),
  ALTER status_code TYPE integer, ADD CHECK (status_code BETWEEN 200 AND 499 AND status_code <> 429);
DROP TRIGGER mobile_money_payouts_moved ON app.mobile_money_payouts;
DROP TRIGGER mobile_money_payouts_funded ON app.mobile_money_payouts;
ALTER TABLE app.mobile_money_payouts
  ALTER amount_cents TYPE bigint, ADD CHECK (amount_cents BETWEEN 1 AND 9007199254740991),
  ALTER attempt_count TYPE integer, ADD CHECK (attempt_count >= 0),
  ALTER phone_e164 TYPE text, ADD CHECK (phone_e164 ~ '^\+[1-9][0-9]{6,14}$'),
  ALTER provider TYPE text, ADD CHECK (provider IN ('TMONEY', 'FLOOZ', 'MOMO', 'THUNES')),
  ALTER provider_ref TYPE text, ADD CHECK (length(provider_ref) BETWEEN 1 AND 200),
  ALTER round TYPE integer, ADD CHECK (round >= 0),
  ALTER status TYPE text, ADD CHECK (status IN ('PENDING', 'SENT', 'CONFIRMED', 'FAILED'));
CREATE TRIGGER mobile_money_payouts_moved AFTER UPDATE ON app.mobile_money_payouts
  FOR EACH ROW WHEN (OLD.status <> NEW.status OR OLD.attempt_count <> NEW.attempt_count
    OR OLD.provider_ref IS DISTINCT FROM NEW.provider_ref)
  EXECUTE FUNCTION app.keep_payout_history();
CREATE CONSTRAINT TRIGGER mobile_money_payouts_funded AFTER UPDATE ON app.mobile_money_payouts
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (OLD.status <> NEW.status AND 'FAILED' IN (OLD.status, NEW.status))
  EXECUTE FUNCTION app.assert_funded();
ALTER TABLE app.ledger_entries
  DROP CONSTRAINT ledger_entries_of_wallet,
  ALTER account TYPE text,
  ADD CHECK (account IN ('WALLET', 'FEES', 'TMONEY', 'FLOOZ', 'MOMO', 'THUNES')),
  ALTER amount_cents TYPE bigint,
  ADD CHECK (amount_cents <> 0 AND amount_cents BETWEEN -9007199254740991 AND 9007199254740991),
  ADD CHECK ((account = 'WALLET') = (wallet_id IS NOT NULL)),
  ADD CHECK ((account = 'WALLET') = (balance_after_cents IS NOT NULL));
ALTER TABLE app.transactions
  DROP CONSTRAINT transactions_cash_out,
  ALTER kind TYPE text,
  ADD CHECK (kind IN ('CASH_IN', 'CASH_OUT', 'CASH_OUT_RETURN', 'CASH_OUT_AGAIN')),
  ADD CHECK ((kind = 'CASH_IN') = (cash_out_id IS NULL)),
  ADD CHECK ((kind = 'CASH_OUT') = (cash_out_id IS NOT NULL AND cash_out_id = id));
ALTER TABLE app.wallets ALTER currency TYPE text, ADD CHECK (currency = 'XOF');
ALTER FUNCTION app.guard_wallet() COST 100;
ALTER FUNCTION app.move_wallet() COST 100;
ALTER FUNCTION app.assert_balanced() COST 100;
ALTER FUNCTION app.guard_payout() COST 100;
ALTER FUNCTION app.count_rounds() COST 100;
ALTER FUNCTION app.keep_payout_history() COST 100;
ALTER FUNCTION app.assert_funded() COST 100;
DROP DOMAIN app.provider, app.account, app.payout_status, app.transaction_kind, app.currency, app.phone_e164,
  app.provider_ref, app.idempotency_key, app.sha256, app.kept_status_code, app.cents, app.signed_cents, app.count;
