"""Writes that callers may repeat: what was sent, and what was answered. Contacts can be found by
name, by which writes may refer to them."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATEMENTS = (
    # No reference to tenant or key: writes take no lock on either; erasing an organisation drops
    # its rows.
    """
CREATE TABLE idempotency (
  tenant_id uuid NOT NULL,
  api_key text NOT NULL,                        -- id of the API key whose key it is
  digest bytea NOT NULL,                        -- of organisation, API key and key
  fingerprint bytea NOT NULL,                   -- of the request that came with it
  operation text NOT NULL,
  request_id text NOT NULL,
  sent bytea,                                   -- JSON of what left; null once answered
  began_at timestamptz NOT NULL,                -- business time, before it left
  claim text NOT NULL,
  claimed_until timestamptz NOT NULL,           -- real time
  status smallint,                              -- of the answer; null: nobody knows it yet
  headers json,
  body bytea,                                   -- zlib
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  answered_at timestamptz,
  PRIMARY KEY (tenant_id, api_key, digest),
  CHECK ((status IS NULL) = (answered_at IS NULL)),
  CHECK ((status IS NULL) = (body IS NULL)),
  CHECK (status IS NULL OR sent IS NULL)
)""",
    "CREATE INDEX idempotency_by_age ON idempotency (made_at)",
    """
CREATE INDEX record_contact_name ON record (tenant_id, (unified->>'name'))
 WHERE resource = 'contact' AND NOT is_deleted""",
    "CREATE INDEX idempotency_unanswered ON idempotency (claimed_until) WHERE status IS NULL",
)


def upgrade() -> None:
    """Make the table and the indexes."""
    for statement in STATEMENTS:
        op.execute(statement)
