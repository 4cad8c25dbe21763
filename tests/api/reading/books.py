"""Many invoices in the mirror, put there at once: what they say is little, but all that lists go by
is as the handlers write it."""

from datetime import UTC, datetime
from typing import Final

from storage.database import Database
from tests.storage.makers import link, new_tenant_id
from unified.ids import TenantId, record_id

NOW: Final = datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC)
CONTACTS: Final = 500  #: each has as many invoices as any other

# Words are spread so that some are rare: one invoice in 5,000 is a draft.
_INVOICES: Final = """
INSERT INTO record (tenant_id, resource, remote_id, id, unified, fingerprint, sequence,
                    completeness, updated_at, asked_at, answered_at, first_seen_at, changed_at,
                    verified_at, status, type, number, issue_date, due_date, is_deleted, endpoint,
                    contact_id, payment_status, is_overdue)
SELECT $1::uuid, 'invoice', n.remote_id, n.id,
       format('{"id":"%s","verified_at":"2026-11-03T04:17:52.000Z","number":"INV-%s","status":"%s"}',
              n.id, n.number, s.status)::json,
       '\\x00', 1, 'full', s.at, $2, $2, $2, s.at, $2, s.status,
       CASE WHEN n.number % 100 = 0 THEN 'bill' ELSE 'invoice' END, 'INV-' || n.number,
       s.day, s.day + 20, n.number % 1000 = 7, 'Invoices',
       (ARRAY[{contacts}])[1 + n.number % {count}]::uuid, s.paid, n.number % 997 = 0
  FROM unnest($3::uuid[], $4::text[], $5::bigint[]) AS n(id, remote_id, number),
       LATERAL (SELECT $2::timestamptz - n.number * interval '1 minute' AS at,
                       ($2::timestamptz - n.number % 1000 * interval '1 day')::date AS day,
                       CASE WHEN n.number % 5000 = 3 THEN 'draft'
                            WHEN n.number % 10 = 0 THEN 'open' ELSE 'paid' END AS status,
                       CASE WHEN n.number % 5000 = 3 THEN 'none'
                            WHEN n.number % 10 = 0 THEN 'unpaid' ELSE 'paid' END AS paid) AS s
"""


async def many_invoices(db: Database, count: int) -> TenantId:
    """A new organisation that has so many."""
    tenant = await link(db, new_tenant_id())
    await db.execute("UPDATE cursor SET backfill_state = 'done' WHERE tenant_id = $1", tenant)
    await add_invoices(db, tenant, range(count))
    return tenant


async def add_invoices(db: Database, tenant: TenantId, numbers: range) -> None:
    """More of them, by their numbers."""
    contacts = ", ".join(f"'{contact_of(tenant, each)}'" for each in range(CONTACTS))
    sql = _INVOICES.replace("{contacts}", contacts).replace("{count}", str(CONTACTS))
    remote_ids = [f"00000000-0000-4000-8000-{number:012d}" for number in numbers]
    await db.execute(
        sql,
        tenant,
        NOW,
        [record_id(tenant, "invoice", each) for each in remote_ids],
        remote_ids,
        list(numbers),
    )


def contact_of(tenant: TenantId, number: int) -> str:
    """The unified id of the contact of an invoice."""
    return record_id(tenant, "contact", f"contact-{number % CONTACTS}")
