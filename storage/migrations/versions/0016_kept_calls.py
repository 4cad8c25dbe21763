"""What api and handlers have taken of the calls that are kept for them at the end of a day."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
ALTER TABLE tenant
  ADD COLUMN kept_used_api integer NOT NULL DEFAULT 0,
  ADD COLUMN kept_used_handlers integer NOT NULL DEFAULT 0
""",
)


def upgrade() -> None:
    """Add the columns."""
    for statement in STATEMENTS:
        op.execute(statement)
