"""When each tenant was last leased, so that whoever waited longest comes first."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    # Real time; for a new tenant the moment it was linked.
    "ALTER TABLE tenant ADD COLUMN served_at timestamptz NOT NULL DEFAULT clock_timestamp()",
)


def upgrade() -> None:
    """Add the column."""
    for statement in STATEMENTS:
        op.execute(statement)
