"""The CRM consumer's own tables: storing states, the marks they leave, and how far topics are read.

States and the marks of what they touch are written in one transaction; what is marked waits until
Kafka has acknowledged its status (see pending). No rules here: they are in payment_status and
contact_status.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

from crm.kit import Key, Version
from crm.partitions import OWNED, Partitions, tenant_hash
from crm.rows import CREDITS, INVOICES, PAYMENTS, Rows
from crm.states import CreditState, InvoiceState, PaymentState, State
from storage.database import Connection, Database

#: First number of the advisory locks that serialise writers of one tenant ("crm" as ASCII).
LOCK_SPACE = 0x63726D

_ROWS: Mapping[str, Rows[Any]] = {rows.table: rows for rows in (INVOICES, CREDITS, PAYMENTS)}
_TABLES = {"invoice": INVOICES.table, "payment": PAYMENTS.table}  #: other resources are credits

Named = set[tuple[str, str]]  #: tenant, unified id


async def lock_tenants(conn: Connection, tenant_ids: set[str]) -> None:
    """Let no other transaction store changes of these tenants until this one ends."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock($1, h) FROM unnest($2::int[]) AS h",
        LOCK_SPACE,
        sorted({tenant_hash(tenant_id) for tenant_id in tenant_ids}),
    )


async def known_versions(conn: Connection, keys: Iterable[Key]) -> dict[Key, Version]:
    """Return the version up to which each stored thing is known."""
    by_table: dict[str, list[Key]] = defaultdict(list)
    for key in sorted(keys):
        by_table[_TABLES.get(key.resource, CREDITS.table)].append(key)
    known: dict[Key, Version] = {}
    for table, some in by_table.items():
        known |= await _ROWS[table].versions(conn, some)
    return known


async def store(conn: Connection, states: Sequence[State]) -> None:
    """Write newer states, one per thing, and mark what they touch.

    The caller holds `lock_tenants`. An older state than the stored one changes nothing.
    """
    invoices = [state for state in states if isinstance(state, InvoiceState)]
    credits_ = [state for state in states if isinstance(state, CreditState)]
    payments = [state for state in states if isinstance(state, PaymentState)]
    # The contacts that states name now, and those that the stored ones named before.
    contacts = {(s.tenant_id, s.contact_id) for s in invoices if s.contact_id}
    contacts |= {(s.tenant_id, s.contact_id) for s in credits_ if s.contact_id}
    settled: Named = {(s.tenant_id, target) for s in credits_ for target in s.targets}
    if invoices:
        contacts |= await INVOICES.stored(conn, "contact_id", invoices)
        await INVOICES.write(conn, invoices)
    if credits_:
        contacts |= await CREDITS.stored(conn, "contact_id", credits_)
        await CREDITS.write(conn, credits_)
    if payments:
        paid = {(s.tenant_id, s.target_id) for s in payments if s.target_id}
        paid |= await PAYMENTS.stored(conn, "target_id", payments)
        await PAYMENTS.write(conn, payments)
        settled |= paid
        contacts |= await _contacts_of_credits(conn, paid)
    if settled:
        await _mark_invoices(conn, settled)
    await _mark_contacts(conn, contacts)


async def _contacts_of_credits(conn: Connection, credits_: Named) -> Named:
    rows = await conn.fetch(
        """
        SELECT r.tenant_id::text AS tenant, r.contact_id::text AS held
        FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, credit_id)
        JOIN crm_credit AS r USING (tenant_id, credit_id) WHERE r.contact_id IS NOT NULL
        """,
        *_columns(credits_),
    )
    return {(row["tenant"], row["held"]) for row in rows}


async def _mark_invoices(conn: Connection, settled: Named) -> None:
    await conn.execute(
        """
        UPDATE crm_invoice AS r SET mark = r.mark + 1, dirty = true
        FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, invoice_id)
        WHERE (r.tenant_id, r.invoice_id) = (k.tenant_id, k.invoice_id)
        """,
        *_columns(settled),
    )


async def _mark_contacts(conn: Connection, contacts: Named) -> None:
    tenant_ids, contact_ids = _columns(contacts)
    await conn.execute(
        """
        INSERT INTO crm_contact (tenant_id, contact_id, tenant_hash)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[])
        ON CONFLICT (tenant_id, contact_id)
        DO UPDATE SET version = crm_contact.version + 1, dirty = true
        """,
        tenant_ids,
        contact_ids,
        [tenant_hash(tenant_id) for tenant_id in tenant_ids],
    )


def _columns(named: Named) -> tuple[list[str], list[str]]:
    ordered = sorted(named)
    return [tenant_id for tenant_id, _ in ordered], [held for _, held in ordered]


async def doubt(db: Database, partitions: Partitions) -> None:
    """Take over partitions: whoever had them may have sent what is still marked dirty."""
    for table in ("crm_invoice", "crm_contact"):
        await db.execute(
            f"UPDATE {table} SET unsure = true WHERE dirty AND {OWNED}",  # noqa: S608  # constants
            *partitions.arguments(),
        )


async def mark_all(db: Database, partitions: Partitions, found: Sequence[Key]) -> None:
    """Mark everything in these partitions, and what was found published there, for publishing.

    What was found on the topics and is not in the tables gets a row that says it is gone.
    """
    invoices = sorted(key for key in found if key.resource == "invoice")
    contacts = sorted(key for key in found if key.resource == "contact")
    async with db.transaction() as conn:
        await conn.execute(
            """
            INSERT INTO crm_invoice (tenant_id, invoice_id, tenant_hash, epoch, sequence, gone)
            SELECT t, i, h, 0, 0, true FROM unnest($1::uuid[], $2::uuid[], $3::int[]) f(t, i, h)
            ON CONFLICT DO NOTHING
            """,
            *_by_hash(invoices),
        )
        await conn.execute(
            """
            INSERT INTO crm_contact (tenant_id, contact_id, tenant_hash)
            SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[]) ON CONFLICT DO NOTHING
            """,
            *_by_hash(contacts),
        )
        for table in ("crm_invoice", "crm_contact"):
            await conn.execute(
                f"UPDATE {table} SET dirty = true, unsure = true WHERE {OWNED}",  # noqa: S608  # constants
                *partitions.arguments(),
            )


def _by_hash(keys: Sequence[Key]) -> tuple[list[str], list[str], list[int]]:
    return (
        [key.tenant_id for key in keys],
        [key.entity_id for key in keys],
        [tenant_hash(key.tenant_id) for key in keys],
    )


async def offsets(db: Database, topics: Iterable[str]) -> dict[TopicPartition, int]:
    """Return how far the tables reach: the next offset of each partition they have begun."""
    rows = await db.fetch(
        "SELECT topic, partition, next_offset FROM crm_offset WHERE topic = ANY($1::text[])",
        sorted(topics),
    )
    return {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows}


async def store_offsets(conn: Connection, passed: Mapping[TopicPartition, int]) -> None:
    """Note, with the states read from below them, how far the tables reach."""
    ordered = sorted(passed)
    await conn.execute(
        """
        INSERT INTO crm_offset (topic, partition, next_offset)
        SELECT * FROM unnest($1::text[], $2::int[], $3::bigint[])
        ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset
        """,
        [tp.topic for tp in ordered],
        [tp.partition for tp in ordered],
        [passed[tp] for tp in ordered],
    )
