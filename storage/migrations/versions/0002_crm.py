"""The payment-status consumer's own tables. Nobody else reads or writes them.

No foreign keys to the other tables: the consumer knows organisations by their events alone.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
CREATE TABLE crm_invoice (
  tenant_id uuid NOT NULL,
  invoice_id uuid NOT NULL,                -- unified id
  tenant_hash int NOT NULL,                -- positive murmur2 of the tenant: places it on topics
  epoch bigint NOT NULL,
  sequence bigint NOT NULL,
  gone boolean NOT NULL DEFAULT false,     -- hard-deleted or erased: only ids and version stay
  remote_id text,
  number text,
  type text,                               -- invoice, bill
  contact_id uuid,                         -- unified id
  contact_remote_id text,
  contact_name text,
  currency text,
  total numeric,
  amount_due numeric,
  document text,
  settlement text,
  timing text,
  due_date date,
  paid_on date,
  updated_at timestamptz,                  -- Xero's stamp
  dirty boolean NOT NULL DEFAULT true,     -- Kafka has not acknowledged this version
  PRIMARY KEY (tenant_id, invoice_id),
  CHECK (gone = (document IS NULL)),
  CHECK (NOT gone OR contact_id IS NULL)
)""",
    """
CREATE INDEX crm_invoice_contact ON crm_invoice (tenant_id, contact_id)
 WHERE contact_id IS NOT NULL""",
    "CREATE INDEX crm_invoice_dirty ON crm_invoice (tenant_hash) WHERE dirty",
    """
CREATE TABLE crm_contact (
  tenant_id uuid NOT NULL,
  contact_id uuid NOT NULL,                -- unified id
  tenant_hash int NOT NULL,
  version bigint NOT NULL DEFAULT 1,       -- grows with each mark
  dirty boolean NOT NULL DEFAULT true,     -- what its invoices come to may have moved
  published bytea,                         -- digest Kafka last acknowledged; null: a tombstone
  unsure boolean NOT NULL DEFAULT true,    -- something else may have been sent since
  PRIMARY KEY (tenant_id, contact_id)
)""",
    "CREATE INDEX crm_contact_dirty ON crm_contact (tenant_hash) WHERE dirty",
    """
CREATE TABLE crm_offset (
  topic text NOT NULL,
  partition int NOT NULL,
  next_offset bigint NOT NULL,             -- everything below is in the tables
  PRIMARY KEY (topic, partition)
)""",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in STATEMENTS:
        op.execute(statement)
