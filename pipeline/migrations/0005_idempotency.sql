-- Up Migration
CREATE TABLE idempotent_requests (
  caller text NOT NULL,
  operation text NOT NULL,
  key text NOT NULL,
  body_sha256 bytea NOT NULL,
  -- Which of several equal requests works on it now.
  holder uuid NOT NULL,
  held_until timestamptz NOT NULL,
  status integer,
  answer json,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (caller, operation, key),
  CHECK ((status IS NULL) = (answer IS NULL))
);
CREATE INDEX idempotent_requests_expires ON idempotent_requests (expires_at);
CREATE UNIQUE INDEX idempotent_requests_holder ON idempotent_requests (holder);

-- Down Migration
DROP TABLE idempotent_requests;
