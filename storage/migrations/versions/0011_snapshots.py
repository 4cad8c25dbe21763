"""Cursors of what is read by schedule alone, such as reports: how often, and what of it."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
ALTER TABLE cursor
  ADD COLUMN snapshot_every interval,        -- business; null: not read by schedule
  ADD COLUMN snapshot_of text[] NOT NULL DEFAULT '{}'  -- remote ids
""",
)


def upgrade() -> None:
    """Add the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
