"""Audits of complete lists, the watch over webhooks, and what was spent per endpoint.

An audit goes page by page and can be cut off anywhere, so where it stands is kept in the cursor.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
ALTER TABLE cursor
  ADD COLUMN audit_due_at timestamptz,       -- business; null: a day after its backfill
  ADD COLUMN audit_started_at timestamptz,   -- business; null: no walk is under way
  ADD COLUMN audit_asked_at timestamptz,     -- real, database clock: before its first page
  ADD COLUMN audit_page int NOT NULL DEFAULT 0,
  ADD COLUMN audit_read bigint NOT NULL DEFAULT 0,
  ADD COLUMN audit_total bigint,
  ADD COLUMN audited_at timestamptz,         -- business: begin of the last walk that was complete
  ADD CHECK ((audit_started_at IS NULL) = (audit_asked_at IS NULL))""",
    # What stood in a list although nothing of it was stored: unreadable, or overtaken.
    "ALTER TABLE record ADD COLUMN listed_at timestamptz",  # real, database clock
    # Webhooks told before it was linked, or while it was not, are not missed ones.
    "ALTER TABLE tenant ADD COLUMN listens_since timestamptz",  # business; null: since ever
    """
CREATE TABLE webhook_watch (                 -- one row: Xero has one subscription per app
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  heard_at timestamptz,                      -- real: receipt of the newest delivery with events
  untold bigint NOT NULL DEFAULT 0,          -- changes found since that it should have brought
  untold_since timestamptz,                  -- business: when the first of them was found
  silent_since timestamptz,                  -- business: when it was declared silent
  CHECK ((untold = 0) = (untold_since IS NULL))
)""",
    "INSERT INTO webhook_watch DEFAULT VALUES",
    """
CREATE TABLE endpoint_usage (                -- the same calls as in usage, told apart otherwise
  tenant_id uuid NOT NULL,
  day date NOT NULL,                         -- UTC day of business time
  endpoint text NOT NULL,
  calls bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, day, endpoint)
)""",
)


def upgrade() -> None:
    """Add the columns and tables."""
    for statement in STATEMENTS:
        op.execute(statement)
