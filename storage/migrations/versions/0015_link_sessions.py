"""Links that a program asked for, attempts bound to the browser, and whose word an external id is."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE link_session (
  id text PRIMARY KEY,
  token_hash bytea NOT NULL UNIQUE,        -- of what stands in the address
  made_by text,                            -- the API key; null: a command
  external_id text,
  return_to text,
  tenant_id uuid,                          -- the only organisation it may link
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz NOT NULL,         -- real
  used_at timestamptz,                     -- real: a consent came and is being kept, or was kept
  error text,                              -- how its last attempt failed
  linked jsonb                             -- [{"tenant_id", "name"}], once it has linked
)""",
    "CREATE INDEX link_session_expires ON link_session (expires_at)",
    """
ALTER TABLE link_attempt
  ADD COLUMN browser_hash bytea,           -- of the cookie of the browser that began it
  ADD COLUMN session_id text,
  ADD COLUMN tenant_id uuid,               -- the only organisation it may link
  ADD COLUMN opener text                   -- origin of the page that opened the window
""",
    """
ALTER TABLE tenant
  ADD COLUMN external_id_verified boolean NOT NULL DEFAULT false
""",
)


def upgrade() -> None:
    """Make the table and add the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
