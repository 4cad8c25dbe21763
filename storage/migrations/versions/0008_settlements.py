"""Payment status learns what settles an invoice: credits, payments, refunds, payments taken back.

What older programs stored stays, and is published as far as it goes, until its own version has
been read again from the state topic: `shape` says what a row holds. Forgetting how far topics
were read makes the consumer read them again.
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
ALTER TABLE crm_invoice
  ADD COLUMN shape smallint NOT NULL DEFAULT 1,  -- 1: as before this migration
  ADD COLUMN amount_paid numeric,
  ADD COLUMN amount_credited numeric,
  ADD COLUMN base_currency text,
  ADD COLUMN rate numeric,                       -- currency per unit of base currency
  ADD COLUMN total_base numeric,
  ADD COLUMN amount_due_base numeric,
  ADD COLUMN settled_by json,                    -- payments and credits, as the invoice lists them
  ADD COLUMN mark bigint NOT NULL DEFAULT 1,     -- grows with each mark
  ADD COLUMN published bytea,                    -- digest Kafka last acknowledged; null: a tombstone
  ADD COLUMN unsure boolean NOT NULL DEFAULT true""",
    """
CREATE TABLE crm_credit (
  tenant_id uuid NOT NULL,
  credit_id uuid NOT NULL,                 -- unified id
  resource text NOT NULL,                  -- credit_note, prepayment, overpayment
  tenant_hash int NOT NULL,
  shape smallint NOT NULL,
  epoch bigint NOT NULL,
  sequence bigint NOT NULL,
  gone boolean NOT NULL DEFAULT false,
  remote_id text,
  type text,                               -- receivable, payable
  contact_id uuid,
  contact_remote_id text,
  contact_name text,
  currency text,
  base_currency text,
  rate numeric,
  remaining numeric,                       -- neither allocated nor refunded
  remaining_base numeric,
  document text,
  updated_at timestamptz,
  PRIMARY KEY (tenant_id, credit_id),
  CHECK (gone = (document IS NULL)),
  CHECK (NOT gone OR contact_id IS NULL)
)""",
    """
CREATE INDEX crm_credit_contact ON crm_credit (tenant_id, contact_id)
 WHERE contact_id IS NOT NULL""",
    """
CREATE TABLE crm_payment (
  tenant_id uuid NOT NULL,
  payment_id uuid NOT NULL,                -- unified id
  tenant_hash int NOT NULL,
  shape smallint NOT NULL,
  epoch bigint NOT NULL,
  sequence bigint NOT NULL,
  gone boolean NOT NULL DEFAULT false,
  remote_id text,
  kind text,                               -- payment, refund
  target_resource text,                    -- what it pays or refunds
  target_id uuid,
  paid_on date,
  currency text,
  amount numeric,
  rate numeric,
  document text,                           -- completed, deleted
  PRIMARY KEY (tenant_id, payment_id),
  CHECK (gone = (document IS NULL)),
  CHECK (NOT gone OR target_id IS NULL)
)""",
    """
CREATE INDEX crm_payment_target ON crm_payment (tenant_id, target_id)
 WHERE target_id IS NOT NULL""",
    "DELETE FROM crm_offset",
)


def upgrade() -> None:
    """Add the columns and tables, and let everything be read again."""
    for statement in STATEMENTS:
        op.execute(statement)
