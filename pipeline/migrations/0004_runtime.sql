-- Up Migration
CREATE TABLE flag_overrides (
  flag text NOT NULL,
  instance_id text NOT NULL,
  value jsonb NOT NULL,
  updated_by text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (flag, instance_id)
);
COMMENT ON COLUMN flag_overrides.instance_id IS 'the instance it holds for, or * for all of them';

CREATE TABLE flag_audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  flag text NOT NULL,
  instance_id text NOT NULL,
  old_value jsonb,
  new_value jsonb,
  actor text NOT NULL,
  reason text,
  at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE flag_states (
  flag text NOT NULL,
  instance_id text NOT NULL,
  declared jsonb NOT NULL,
  running jsonb NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (flag, instance_id)
);

CREATE TABLE rate_limit_seconds (
  key text NOT NULL,
  second bigint NOT NULL,
  taken integer NOT NULL,
  PRIMARY KEY (key, second)
);

-- Takes one slot of the trailing minute and answers 0, or takes none and answers the milliseconds
-- until the oldest second leaves the window. Whole seconds are counted, so the limit holds over
-- every 60 s, wherever they begin.
CREATE FUNCTION take_rate_slot(p_key text, p_per_minute integer) RETURNS integer
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

-- Down Migration
DROP FUNCTION take_rate_slot(text, integer);
DROP TABLE rate_limit_seconds;
DROP TABLE flag_states;
DROP TABLE flag_audit;
DROP TABLE flag_overrides;
