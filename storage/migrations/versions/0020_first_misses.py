"""Since when a record has been missing from lists, so that two of them are apart in time."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

# Business time, of the first list that lacked it; null: none did, or before this migration.
STATEMENTS = ("ALTER TABLE record ADD COLUMN missed_since timestamptz",)


def upgrade() -> None:
    """Add the column."""
    for statement in STATEMENTS:
        op.execute(statement)
