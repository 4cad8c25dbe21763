"""Whose calendar is to be turned is found by an index, so that looking costs the same for many.

Every calendar begins open, so that what an older program left is looked at once.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    # Timers of the business date, or of before, may be left to work off.
    "ALTER TABLE tenant ADD COLUMN calendar_open boolean NOT NULL DEFAULT true",
    "CREATE INDEX tenant_calendar_open ON tenant (id) WHERE calendar_open",
    """
CREATE INDEX tenant_calendar ON tenant (coalesce(time_zone, 'UTC'), business_date)
 WHERE state IN ('linked', 'needs_reauth') AND business_date IS NOT NULL""",
)


def upgrade() -> None:
    """Add the mark and the indexes."""
    for statement in STATEMENTS:
        op.execute(statement)
