"""How often in a row Xero gave no usable answer for a notice, apart from the attempts that end it;
and how far business time had come, so that a clock that was set back is noticed."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE notice ADD COLUMN outages int NOT NULL DEFAULT 0",
    """
CREATE TABLE clock_mark (                  -- one row: the latest business time that was seen
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  seen_at timestamptz NOT NULL             -- business
)""",
)


def upgrade() -> None:
    """Add the column and the table."""
    for statement in STATEMENTS:
        op.execute(statement)
