"""Of which endpoints webhooks tell: Xero's categories are ticked one by one in its portal, where
nobody but a person can look."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STATEMENTS = (
    # Of its events; null: it is a repetition, or from before this column.
    "ALTER TABLE delivery ADD COLUMN endpoints text[]",
    """
CREATE TABLE webhook_endpoint (            -- a row for each of which an event ever came
  endpoint text PRIMARY KEY,
  told_since timestamptz,                  -- business: from when on its changes are told
  missed_at timestamptz,                   -- real: when a sweep found one that was not told
  CHECK ((told_since IS NULL) <> (missed_at IS NULL))
)""",
)


def upgrade() -> None:
    """Add the column and the table."""
    for statement in STATEMENTS:
        op.execute(statement)
