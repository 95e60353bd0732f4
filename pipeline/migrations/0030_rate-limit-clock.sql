-- Up Migration
CREATE OR REPLACE FUNCTION take_rate_slot(p_key text, p_per_minute integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_now double precision;
  v_second bigint;
  v_taken integer;
  v_oldest bigint;
  v_newest bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('rate:' || p_key, 0));
  v_now := extract(epoch FROM clock_timestamp());
  v_second := floor(v_now);
  DELETE FROM rate_limit_seconds WHERE key = p_key AND second < v_second - 60;
  SELECT coalesce(sum(taken), 0), min(second), max(second) INTO v_taken, v_oldest, v_newest
    FROM rate_limit_seconds WHERE key = p_key;
  IF v_newest > v_second THEN
    -- The clock was set back. Turns of times to come were given just now at the latest: nobody waits until then.
    WITH ahead AS (
      DELETE FROM rate_limit_seconds WHERE key = p_key AND second > v_second RETURNING taken
    )
    INSERT INTO rate_limit_seconds SELECT p_key, v_second, sum(taken) FROM ahead
      ON CONFLICT (key, second) DO UPDATE SET taken = rate_limit_seconds.taken + excluded.taken;
    v_oldest := least(v_oldest, v_second);
  END IF;
  IF v_taken >= p_per_minute THEN
    RETURN greatest(1, ceil((v_oldest + 61 - v_now) * 1000)::integer);
  END IF;
  INSERT INTO rate_limit_seconds VALUES (p_key, v_second, 1)
    ON CONFLICT (key, second) DO UPDATE SET taken = rate_limit_seconds.taken + 1;
  RETURN 0;
END
$$;

-- Down Migration
CREATE OR REPLACE FUNCTION take_rate_slot(p_key text, p_per_minute integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  v_now double precision;
  v_second bigint;
  v_taken integer;
  v_oldest bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('rate:' || p_key, 0));
  v_now := extract(epoch FROM clock_timestamp());
  v_second := floor(v_now);
  DELETE FROM rate_limit_seconds WHERE key = p_key AND second < v_second - 60;
  SELECT coalesce(sum(taken), 0), min(second) INTO v_taken, v_oldest
    FROM rate_limit_seconds WHERE key = p_key;
  IF v_taken >= p_per_minute THEN
    RETURN greatest(1, ceil((v_oldest + 61 - v_now) * 1000)::integer);
  END IF;
  INSERT INTO rate_limit_seconds VALUES (p_key, v_second, 1)
    ON CONFLICT (key, second) DO UPDATE SET taken = rate_limit_seconds.taken + 1;
  RETURN 0;
END
$$;
