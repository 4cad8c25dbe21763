"""Keys that end, that are limited, and that are seen in use; and the log of what callers did."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
ALTER TABLE api_key
  ADD COLUMN expires_at timestamptz,            -- null: it lives until it is revoked
  ADD COLUMN requests_a_minute integer CHECK (requests_a_minute > 0),  -- null: no limit
  ADD COLUMN made_by text                       -- the admin key that made it; null: a command
""",
    # Apart from the key: it changes with its use, and nobody has to hear of that.
    """
CREATE TABLE api_key_use (
  key_id text PRIMARY KEY REFERENCES api_key (id) ON DELETE CASCADE,
  last_used_at timestamptz NOT NULL,            -- real time, some seconds late
  minute timestamptz,                           -- the minute that is counted now
  requests integer NOT NULL DEFAULT 0           -- of that minute, by all processes
)""",
    # No reference to tenant or key: the log outlives both, and takes no lock on either.
    """
CREATE TABLE audit (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),   -- when it began
  ended_at timestamptz,
  actor text NOT NULL CHECK (actor IN ('key', 'command', 'person')),
  key_id text CHECK ((key_id IS NOT NULL) = (actor = 'key')),
  operation text NOT NULL,
  tenant_id uuid,
  entity text,                                  -- kind of thing, such as invoice
  entity_ids text[] NOT NULL DEFAULT '{}',
  request_id text,
  status smallint,                              -- of the answer; null: nobody knows how it ended
  code text                                     -- of the problem that was answered
)""",
    "CREATE INDEX audit_of_tenant ON audit (tenant_id, position)",
    "CREATE INDEX audit_of_key ON audit (key_id, position) WHERE key_id IS NOT NULL",
    "CREATE INDEX audit_by_time ON audit (at)",
)


def upgrade() -> None:
    """Add the columns and make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
