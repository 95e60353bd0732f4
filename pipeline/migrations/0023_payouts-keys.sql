-- Up Migration
-- A key belongs to one request of its user, whatever the route.
CREATE UNIQUE INDEX idempotency_keys_once ON app.idempotency_keys (user_id, idempotency_key);

-- Down Migration
DROP INDEX app.idempotency_keys_once;
