"""How often in a row the reading of an endpoint has failed, so that tries get rarer."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = ("ALTER TABLE cursor ADD COLUMN failures int NOT NULL DEFAULT 0",)


def upgrade() -> None:
    """Add the column."""
    for statement in STATEMENTS:
        op.execute(statement)
