-- Up Migration
CREATE TABLE shop_items (
  id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sku text NOT NULL UNIQUE CHECK (sku ~ '^[A-Z0-9][A-Z0-9_-]{1,63}$'),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  description text NOT NULL DEFAULT '',
  price bigint NOT NULL CHECK (price BETWEEN 1 AND 1000000000),
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE shop_purchases (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  wallet_id uuid NOT NULL REFERENCES economy_wallets (id),
  item_id integer NOT NULL REFERENCES shop_items (id),
  quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 100),
  unit_price bigint NOT NULL CHECK (unit_price BETWEEN 1 AND 1000000000),
  total bigint NOT NULL GENERATED ALWAYS AS (unit_price * quantity) STORED,
  state text NOT NULL DEFAULT 'authorized'
    CHECK (state IN ('authorized', 'captured', 'released', 'expired')),
  idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 128),
  refunded bigint NOT NULL DEFAULT 0,
  authorized_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  settled_at timestamptz,
  CONSTRAINT shop_purchases_once UNIQUE (wallet_id, idempotency_key),
  CONSTRAINT shop_purchases_refund_bound CHECK (refunded BETWEEN 0 AND total),
  CHECK (refunded = 0 OR state = 'captured'),
  CHECK ((state = 'authorized') = (settled_at IS NULL))
);
CREATE INDEX shop_purchases_expiring ON shop_purchases (expires_at) WHERE state = 'authorized';
CREATE INDEX shop_purchases_captured ON shop_purchases (settled_at) WHERE state = 'captured';

CREATE TABLE shop_refunds (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  purchase_id uuid NOT NULL REFERENCES shop_purchases (id),
  amount bigint NOT NULL CHECK (amount > 0),
  idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 128),
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT shop_refunds_once UNIQUE (purchase_id, idempotency_key)
);
CREATE INDEX shop_refunds_created ON shop_refunds (created_at);

-- Ledger rows of purchases carry keys that no client may give.
CREATE FUNCTION shop_ledger_key(p_kind text, p_id uuid) RETURNS text LANGUAGE sql IMMUTABLE AS
  $$ SELECT 'shop:' || p_kind || ':' || p_id::text $$;

-- What was bought, by whom and for how much stays; a state is left once, and only from a hold.
CREATE FUNCTION shop_guard_purchase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'authorized' OR NEW.refunded <> 0 THEN
      RAISE EXCEPTION 'a purchase begins as a hold' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF (NEW.id, NEW.wallet_id, NEW.item_id, NEW.quantity, NEW.unit_price, NEW.idempotency_key, NEW.authorized_at)
    <> (OLD.id, OLD.wallet_id, OLD.item_id, OLD.quantity, OLD.unit_price, OLD.idempotency_key, OLD.authorized_at)
    OR (NEW.state <> OLD.state AND OLD.state <> 'authorized')
    OR (NEW.refunded <> OLD.refunded AND pg_trigger_depth() < 2) THEN
    RAISE EXCEPTION 'a purchase does not change so' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  NEW.settled_at := CASE WHEN NEW.state = OLD.state THEN OLD.settled_at ELSE clock_timestamp() END;
  RETURN NEW;
END
$$;
CREATE TRIGGER shop_purchases_guard BEFORE INSERT OR UPDATE ON shop_purchases
  FOR EACH ROW EXECUTE FUNCTION shop_guard_purchase();

-- Funds are held, set free and debited with the state itself: neither can happen without the other.
CREATE FUNCTION shop_move_funds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE economy_wallets SET held = held + NEW.total WHERE id = NEW.wallet_id;
  ELSIF NEW.state <> OLD.state THEN
    UPDATE economy_wallets SET held = held - NEW.total WHERE id = NEW.wallet_id;
    IF NEW.state = 'captured' THEN
      INSERT INTO economy_transactions (wallet_id, amount, reason, idempotency_key)
        SELECT NEW.wallet_id, -NEW.total, 'purchase ' || sku, shop_ledger_key('capture', NEW.id)
        FROM shop_items WHERE id = NEW.item_id;
    END IF;
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER shop_purchases_funds AFTER INSERT OR UPDATE ON shop_purchases
  FOR EACH ROW EXECUTE FUNCTION shop_move_funds();

CREATE FUNCTION shop_refund_funds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_wallet uuid;
  v_sku text;
BEGIN
  UPDATE shop_purchases p SET refunded = p.refunded + NEW.amount FROM shop_items i
    WHERE p.id = NEW.purchase_id AND i.id = p.item_id RETURNING p.wallet_id, i.sku INTO v_wallet, v_sku;
  INSERT INTO economy_transactions (wallet_id, amount, reason, idempotency_key)
    VALUES (v_wallet, NEW.amount, 'refund ' || v_sku, shop_ledger_key('refund', NEW.id));
  RETURN NULL;
END
$$;
CREATE TRIGGER shop_refunds_funds AFTER INSERT ON shop_refunds
  FOR EACH ROW EXECUTE FUNCTION shop_refund_funds();

CREATE TRIGGER shop_purchases_undeleted BEFORE DELETE ON shop_purchases
  FOR EACH ROW EXECUTE FUNCTION economy_refuse_change();
CREATE TRIGGER shop_refunds_immutable BEFORE UPDATE OR DELETE ON shop_refunds
  FOR EACH ROW EXECUTE FUNCTION economy_refuse_change();
CREATE TRIGGER shop_purchases_kept BEFORE TRUNCATE ON shop_purchases
  FOR EACH STATEMENT EXECUTE FUNCTION economy_refuse_change();
CREATE TRIGGER shop_refunds_kept BEFORE TRUNCATE ON shop_refunds
  FOR EACH STATEMENT EXECUTE FUNCTION economy_refuse_change();

CREATE VIEW shop_purchase_details AS
  SELECT p.id, w.user_id, p.item_id, p.quantity, p.total, p.state, p.refunded, p.expires_at,
    p.idempotency_key, t.id AS transaction_id, t.balance_after
  FROM shop_purchases p
    JOIN economy_wallets w ON w.id = p.wallet_id
    LEFT JOIN economy_transactions t
      ON t.wallet_id = p.wallet_id AND t.idempotency_key = shop_ledger_key('capture', p.id);

-- One round trip for what a member waits for. No row: no such member, or nothing of that kind on sale.
CREATE FUNCTION shop_order(
  p_user uuid, p_item integer, p_quantity integer, p_key text, p_hold_seconds integer, p_capture boolean
) RETURNS SETOF shop_purchase_details LANGUAGE plpgsql AS $$
DECLARE
  v_id uuid;
BEGIN
  INSERT INTO shop_purchases (wallet_id, item_id, quantity, unit_price, idempotency_key, expires_at)
    SELECT w.id, i.id, p_quantity, i.price, p_key, now() + make_interval(secs => p_hold_seconds)
    FROM economy_wallets w
      JOIN platform_users u ON u.id = w.user_id AND u.active
      JOIN shop_items i ON i.id = p_item AND i.active
    WHERE w.user_id = p_user
    RETURNING id INTO v_id;
  IF v_id IS NOT NULL AND p_capture THEN
    UPDATE shop_purchases SET state = 'captured' WHERE id = v_id;
  END IF;
  RETURN QUERY SELECT * FROM shop_purchase_details d WHERE d.id = v_id;
END
$$;

-- Down Migration
DROP FUNCTION shop_order(uuid, integer, integer, text, integer, boolean);
DROP VIEW shop_purchase_details;
DROP TABLE shop_refunds;
DROP TABLE shop_purchases;
DROP TABLE shop_items;
DROP FUNCTION shop_refund_funds();
DROP FUNCTION shop_move_funds();
DROP FUNCTION shop_guard_purchase();
DROP FUNCTION shop_ledger_key(text, uuid);
