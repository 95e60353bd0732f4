-- Up Migration
-- A worker whose claim has been taken over can write nothing any more. A payout that failed and is tried again goes
-- to its provider under another reference, so that news of the one that failed cannot be taken for news of this one.
ALTER TABLE app.mobile_money_payouts
  ADD COLUMN claim uuid,
  ADD COLUMN round integer NOT NULL DEFAULT 0 CHECK (round >= 0);

CREATE FUNCTION app.count_rounds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.status, NEW.status) = ('FAILED', 'PENDING') THEN
    NEW.round := OLD.round + 1;
    NEW.claim := NULL;
  ELSIF NEW.round <> OLD.round THEN
    RAISE EXCEPTION 'a round begins when a failed payout is tried again'
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER mobile_money_payouts_rounds BEFORE UPDATE ON app.mobile_money_payouts
  FOR EACH ROW EXECUTE FUNCTION app.count_rounds();

-- Kept so that what was refused under a wrong secret can be verified again under the right one.
ALTER TABLE app.webhook_events ADD COLUMN signature text CHECK (length(signature) <= 200);

-- Down Migration
ALTER TABLE app.webhook_events DROP COLUMN signature;
DROP TRIGGER mobile_money_payouts_rounds ON app.mobile_money_payouts;
DROP FUNCTION app.count_rounds();
ALTER TABLE app.mobile_money_payouts DROP COLUMN claim, DROP COLUMN round;
