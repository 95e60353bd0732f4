-- Up Migration
ALTER TABLE flag_overrides ADD COLUMN ends_at timestamptz;
COMMENT ON COLUMN flag_overrides.ends_at IS 'from then on it holds no more; null: until somebody takes it away';

-- Down Migration
ALTER TABLE flag_overrides DROP COLUMN ends_at;
