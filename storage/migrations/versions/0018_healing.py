"""Which organisations are being swept because webhooks went missing, so that the end can be told."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

STATEMENTS = (
    # Business: since when not everything has been swept that a missing webhook might have told of.
    "ALTER TABLE tenant ADD COLUMN healing_since timestamptz",
    "CREATE INDEX tenant_healing ON tenant (id) WHERE healing_since IS NOT NULL",
)


def upgrade() -> None:
    """Add the column and its index."""
    for statement in STATEMENTS:
        op.execute(statement)
