"""Records know from which endpoint they came, and cursors what Xero does not let us read.

A resource may have several endpoints, each with complete lists of its own. Records that were stored
before stay without one: each resource had one endpoint then.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE record ADD COLUMN endpoint text",
    """
ALTER TABLE cursor
  ADD COLUMN backfill_listed boolean NOT NULL DEFAULT false,  -- reads of single things are left
  ADD COLUMN unsupported_reason text,        -- null: nothing was refused
  ADD COLUMN unsupported_since timestamptz,  -- business: when it was first refused
  ADD CHECK ((unsupported_reason IS NULL) = (unsupported_since IS NULL))""",
)


def upgrade() -> None:
    """Add the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
