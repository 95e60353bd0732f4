-- Up Migration
-- Under which of its references a payout was paid, where that was not the last one: an earlier round that was given up
-- may turn out to be paid, and the provider's statement has it under that name.
ALTER TABLE app.mobile_money_payouts ADD COLUMN paid_round integer CHECK (paid_round BETWEEN 0 AND round);

-- Down Migration
ALTER TABLE app.mobile_money_payouts DROP COLUMN paid_round;
