-- Up Migration
CREATE TABLE moderation_sanctions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES platform_users (id),
  kind text NOT NULL CHECK (kind IN ('ban', 'mute', 'suspend')),
  scope text NOT NULL DEFAULT 'global' CHECK (scope IN ('global', 'tournament')),
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
  starts_at timestamptz NOT NULL DEFAULT now(),
  ends_at timestamptz,
  revoked_at timestamptz,
  created_by text NOT NULL,
  revoked_by text,
  created_at timestamptz NOT NULL DEFAULT now(),
  CHECK (ends_at > starts_at),
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX moderation_sanctions_open ON moderation_sanctions (user_id) WHERE revoked_at IS NULL;
CREATE INDEX moderation_sanctions_recent ON moderation_sanctions (created_at);

-- Down Migration
DROP TABLE moderation_sanctions;
