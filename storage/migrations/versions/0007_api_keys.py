"""Keys of those who call our own HTTP interface: hashed, with what each may do and for whom."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE api_key (
  id text PRIMARY KEY,                     -- stands in the key itself, and tells nothing
  name text NOT NULL,                      -- for people
  digest bytea NOT NULL UNIQUE,            -- SHA-256 of the whole key
  scopes text[] NOT NULL
    CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'write', 'proxy', 'admin']),
  tenants uuid[] CHECK (cardinality(tenants) > 0),   -- null: every organisation
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_at timestamptz
)""",
)


def upgrade() -> None:
    """Make the table."""
    for statement in STATEMENTS:
        op.execute(statement)
