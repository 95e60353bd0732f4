-- Up Migration
-- Holds the key until the end of the transaction, and gives what is kept under it. A function, since the rows have to
-- be read after the lock was had, and a second round trip would cost what the lock does.
CREATE FUNCTION app.claim_idempotency_key(p_user_id uuid, p_key text, p_retention_hours integer)
RETURNS TABLE (busy boolean, route_key text, request_hash text, status_code integer, response_json json)
LANGUAGE plpgsql AS $$
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended(p_user_id::text || p_key, 20)) THEN
    RETURN QUERY SELECT true, NULL::text, NULL::text, NULL::integer, NULL::json;
    RETURN;
  END IF;
  DELETE FROM app.idempotency_keys k WHERE k.user_id = p_user_id AND k.idempotency_key = p_key
    AND k.created_at < now() - make_interval(hours => p_retention_hours);
  RETURN QUERY SELECT false, k.route_key, k.request_hash, k.status_code, k.response_json
    FROM app.idempotency_keys k WHERE k.user_id = p_user_id AND k.idempotency_key = p_key;
END
$$;

-- Down Migration
DROP FUNCTION app.claim_idempotency_key(uuid, text, integer);
