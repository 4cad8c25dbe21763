"""How often a backfill has begun, so that one whose list never stands still ends all the same."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

STATEMENTS = ("ALTER TABLE cursor ADD COLUMN backfill_walks smallint NOT NULL DEFAULT 0",)


def upgrade() -> None:
    """Add the column."""
    for statement in STATEMENTS:
        op.execute(statement)
