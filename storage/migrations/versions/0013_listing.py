"""Records can be listed by what people ask for, each filter and each order along an index.

All indexes begin with the organisation, and each that a list may go along ends with the id, so a
page is found where the one before it ended. Days, stamps and numbers that a record lacks count as
the least there is: a null would fall out of comparisons. Records that were stored before get their
columns from their JSON.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
ALTER TABLE record
  ADD COLUMN contact_id uuid,                -- unified id
  ADD COLUMN parent_id uuid,                 -- unified id of what an attachment is kept with
  ADD COLUMN payment_status text,
  ADD COLUMN is_overdue boolean NOT NULL DEFAULT false,
  ADD COLUMN facet text,                     -- unified.facets
  ADD COLUMN created_at timestamptz          -- Xero's stamp
""",
    """
UPDATE record
   SET contact_id = (unified->'contact'->>'id')::uuid,
       parent_id = CASE WHEN resource = 'attachment' THEN (unified->'parent'->>'id')::uuid END,
       payment_status = unified->>'payment_status',
       is_overdue = coalesce((unified->>'is_overdue')::boolean, false),
       facet = CASE
         WHEN resource = 'transaction' AND (unified->>'is_leg')::boolean THEN 'leg'
         WHEN resource = 'contact' THEN
           (SELECT string_agg(role, '_' ORDER BY role)
              FROM json_array_elements_text(CASE WHEN json_typeof(unified->'roles') = 'array'
                                                 THEN unified->'roles' END) AS role)
         ELSE unified->>'kind'
       END,
       created_at = (unified->>'created_at')::timestamptz,
       issue_date = coalesce(issue_date, (unified->>'date')::date)
""",
    "CREATE INDEX record_listed ON record (tenant_id, resource, id)",
    "CREATE INDEX record_changed ON record (tenant_id, resource, changed_at, id)",
    """
CREATE INDEX record_updated
    ON record (tenant_id, resource, coalesce(updated_at, '-infinity'::timestamptz), id)""",
    """
CREATE INDEX record_created ON record (tenant_id, resource, created_at, id)
 WHERE created_at IS NOT NULL""",
    """
CREATE INDEX record_issued
    ON record (tenant_id, resource, coalesce(issue_date, '-infinity'::date), id)""",
    """
CREATE INDEX record_due ON record (tenant_id, resource, coalesce(due_date, '-infinity'::date), id)
 WHERE resource IN ('invoice', 'credit_note')""",
    """
CREATE INDEX record_number ON record (tenant_id, resource, coalesce(number, '') COLLATE "C", id)""",
    "CREATE INDEX record_status ON record (tenant_id, resource, status, id)",
    "CREATE INDEX record_type ON record (tenant_id, resource, type, id) WHERE type IS NOT NULL",
    "CREATE INDEX record_facet ON record (tenant_id, resource, facet, id) WHERE facet IS NOT NULL",
    """
CREATE INDEX record_payment_status ON record (tenant_id, resource, payment_status, id)
 WHERE payment_status IS NOT NULL""",
    "CREATE INDEX record_overdue ON record (tenant_id, resource, id) WHERE is_overdue",
    """
CREATE INDEX record_contact ON record (tenant_id, resource, contact_id, id)
 WHERE contact_id IS NOT NULL""",
    "CREATE INDEX record_parent ON record (tenant_id, parent_id, id) WHERE parent_id IS NOT NULL",
    "CREATE INDEX record_removed ON record (tenant_id, resource, id) WHERE is_deleted",
    # How fresh a list is depends on holes in the numbers of webhooks, asked for with each.
    "CREATE INDEX sequence_gap_open ON sequence_gap (opened_at) WHERE closed_at IS NULL",
    # Xero names an attachment below its parent; asked for by its own id, it must be found too.
    """
CREATE INDEX record_attachment ON record (tenant_id, split_part(remote_id, ':', 3))
 WHERE resource = 'attachment'""",
)


def upgrade() -> None:
    """Add the columns, fill them, and index what lists go along."""
    for statement in STATEMENTS:
        op.execute(statement)
