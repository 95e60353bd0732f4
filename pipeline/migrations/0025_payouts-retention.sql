-- Up Migration
-- A callback may go before what was played again of it, which still says that it was.
ALTER TABLE app.webhook_events DROP CONSTRAINT webhook_events_replay_of_fkey;
CREATE INDEX webhook_events_replays ON app.webhook_events (replay_of) WHERE replay_of IS NOT NULL;

-- Down Migration
DROP INDEX app.webhook_events_replays;
UPDATE app.webhook_events e SET replay_of = NULL WHERE replay_of IS NOT NULL
  AND NOT EXISTS (SELECT FROM app.webhook_events o WHERE o.id = e.replay_of);
ALTER TABLE app.webhook_events ADD CONSTRAINT webhook_events_replay_of_fkey
  FOREIGN KEY (replay_of) REFERENCES app.webhook_events (id);
