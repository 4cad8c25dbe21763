"""The CRM consumer's own tables: every query on crm_invoice, crm_contact and crm_offset.

State and its dirty mark are written in one transaction; Kafka's acknowledgement clears the mark,
and only if nothing newer came in between. No rules here: they are in payment_status.

`Partitions` names the Kafka partitions a caller owns. Rows keep their tenant's hash rather than
a partition, so they stay right when topics get more partitions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from functools import lru_cache

from crm.kit import Key, Version
from crm.payment_status import ContactName, InvoiceGroup, InvoiceState
from storage.database import Connection, Database
from unified.partition import murmur2

#: First number of the advisory locks that serialise writers of one tenant ("crm" as ASCII).
LOCK_SPACE = 0x63726D

_TYPES = {
    "tenant_id": "uuid",
    "invoice_id": "uuid",
    "epoch": "bigint",
    "sequence": "bigint",
    "gone": "boolean",
    "contact_id": "uuid",
    "total": "numeric",
    "amount_due": "numeric",
    "due_date": "date",
    "paid_on": "date",
    "updated_at": "timestamptz",
}
_COLUMNS = tuple(field.name for field in fields(InvoiceState))
_NAMES = ", ".join(_COLUMNS)
_ARRAYS = ", ".join(f"${n}::{_TYPES.get(c, 'text')}[]" for n, c in enumerate(_COLUMNS, 1))
_UPDATES = ", ".join(f"{c} = excluded.{c}" for c in (*_COLUMNS[2:], "dirty"))
_HASHES = f"${len(_COLUMNS) + 1}::int[]"

_SELECTED = ", ".join(f"{c}::text" if _TYPES.get(c) == "uuid" else c for c in _COLUMNS)

_OWNED = "(tenant_hash % $1) = ANY($2::int[])"

_UPSERT = f"""
INSERT INTO crm_invoice ({_NAMES}, tenant_hash, dirty)
SELECT {_NAMES}, tenant_hash, true
FROM unnest({_ARRAYS}, {_HASHES}) AS fresh({_NAMES}, tenant_hash)
ON CONFLICT (tenant_id, invoice_id) DO UPDATE SET {_UPDATES}
WHERE (crm_invoice.epoch, crm_invoice.sequence) < (excluded.epoch, excluded.sequence)
"""  # noqa: S608  # made of our own column names


@dataclass(frozen=True, slots=True)
class Partitions:
    """Some partitions of a topic that has `count` of them."""

    count: int
    owned: frozenset[int]

    def arguments(self) -> tuple[int, list[int]]:
        return self.count, sorted(self.owned)


@dataclass(frozen=True, slots=True)
class DirtyContact:
    """A contact to publish: what its invoices come to, and what Kafka last acknowledged.

    Attributes:
        version: grows with every mark, so that clearing tells a newer mark from this one.
        published: digest of the document last acknowledged; None: none, or a tombstone.
        unsure: something else may have been sent since, by a process that did not live to note
            it: publish even if nothing seems to have moved.
    """

    tenant_id: str
    version: int
    published: bytes | None
    unsure: bool
    contact: ContactName
    groups: tuple[InvoiceGroup, ...]


@lru_cache(maxsize=65_536)
def tenant_hash(tenant_id: str) -> int:
    """Return the hash that places a tenant: its partition is the remainder by their count."""
    return murmur2(tenant_id.encode()) & 0x7FFFFFFF  # Kafka's toPositive


async def lock_tenants(conn: Connection, tenant_ids: set[str]) -> None:
    """Let no other transaction store changes of these tenants until this one ends."""
    await conn.execute(
        "SELECT pg_advisory_xact_lock($1, h) FROM unnest($2::int[]) AS h",
        LOCK_SPACE,
        sorted({tenant_hash(tenant_id) for tenant_id in tenant_ids}),
    )


async def known_versions(conn: Connection, keys: Sequence[Key]) -> dict[Key, Version]:
    """Return the stored version of each invoice that is stored."""
    rows = await conn.fetch(
        """
        SELECT i.tenant_id::text, i.invoice_id::text, i.epoch, i.sequence
        FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, invoice_id)
        JOIN crm_invoice AS i USING (tenant_id, invoice_id)
        """,
        [key.tenant_id for key in keys],
        [key.entity_id for key in keys],
    )
    return {
        Key(row["tenant_id"], "invoice", row["invoice_id"]): Version(row["epoch"], row["sequence"])
        for row in rows
    }


async def store(conn: Connection, states: Sequence[InvoiceState]) -> None:
    """Write newer states, one per invoice, and mark them and the contacts they touch as dirty.

    The caller holds `lock_tenants`. An older state than the stored one changes nothing.
    """
    await _mark_contacts(conn, states)
    ordered = sorted(states, key=lambda s: (s.tenant_id, s.invoice_id))
    columns = [[getattr(state, column) for state in ordered] for column in _COLUMNS]
    await conn.execute(_UPSERT, *columns, [tenant_hash(s.tenant_id) for s in ordered])


async def _mark_contacts(conn: Connection, states: Sequence[InvoiceState]) -> None:
    """Mark the contacts that the states name now, and those the stored ones named before."""
    touched = {(s.tenant_id, s.contact_id) for s in states if s.contact_id is not None}
    before = await conn.fetch(
        """
        SELECT i.tenant_id::text, i.contact_id::text
        FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, invoice_id)
        JOIN crm_invoice AS i USING (tenant_id, invoice_id) WHERE i.contact_id IS NOT NULL
        """,
        [state.tenant_id for state in states],
        [state.invoice_id for state in states],
    )
    touched |= {(row["tenant_id"], row["contact_id"]) for row in before}
    contacts = sorted((tenant_id, str(contact_id)) for tenant_id, contact_id in touched)
    await conn.execute(
        """
        INSERT INTO crm_contact (tenant_id, contact_id, tenant_hash)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[])
        ON CONFLICT (tenant_id, contact_id)
        DO UPDATE SET version = crm_contact.version + 1, dirty = true
        """,
        [tenant_id for tenant_id, _ in contacts],
        [contact_id for _, contact_id in contacts],
        [tenant_hash(tenant_id) for tenant_id, _ in contacts],
    )


async def doubt(db: Database, partitions: Partitions) -> None:
    """Take over partitions: whoever had them may have sent what is still marked dirty."""
    await db.execute(
        f"UPDATE crm_contact SET unsure = true WHERE dirty AND {_OWNED}",  # noqa: S608  # constant
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
        await conn.execute(
            f"UPDATE crm_invoice SET dirty = true WHERE NOT dirty AND {_OWNED}",  # noqa: S608  # constant
            *partitions.arguments(),
        )
        await conn.execute(
            f"UPDATE crm_contact SET dirty = true, unsure = true WHERE {_OWNED}",  # noqa: S608  # constant
            *partitions.arguments(),
        )


def _by_hash(keys: Sequence[Key]) -> tuple[list[str], list[str], list[int]]:
    return (
        [key.tenant_id for key in keys],
        [key.entity_id for key in keys],
        [tenant_hash(key.tenant_id) for key in keys],
    )


async def offsets(db: Database, topic: str) -> dict[int, int]:
    """Return how far the tables reach: the next offset of each partition they have begun."""
    rows = await db.fetch("SELECT partition, next_offset FROM crm_offset WHERE topic = $1", topic)
    return {row["partition"]: row["next_offset"] for row in rows}


async def store_offsets(conn: Connection, topic: str, passed: Mapping[int, int]) -> None:
    """Note, with the states read from below them, how far the tables reach."""
    await conn.execute(
        """
        INSERT INTO crm_offset (topic, partition, next_offset)
        SELECT $1, * FROM unnest($2::int[], $3::bigint[])
        ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset
        """,
        topic,
        sorted(passed),
        [passed[partition] for partition in sorted(passed)],
    )


async def dirty_invoices(db: Database, partitions: Partitions, limit: int) -> list[InvoiceState]:
    """Return up to `limit` invoices whose payment status Kafka has not acknowledged."""
    rows = await db.fetch(
        f"SELECT {_SELECTED} FROM crm_invoice WHERE dirty AND {_OWNED} LIMIT $3",  # noqa: S608  # constant
        *partitions.arguments(),
        limit,
    )
    return [InvoiceState(**row) for row in rows]


async def dirty_contacts(db: Database, partitions: Partitions, limit: int) -> list[DirtyContact]:
    """Return up to `limit` contacts whose payment status may have moved.

    The version is read before the invoices: what they come to is at least as new as it.
    """
    marks = await db.fetch(
        f"""
        SELECT tenant_id::text, contact_id::text, version, published, unsure
        FROM crm_contact WHERE dirty AND {_OWNED} LIMIT $3
        """,  # noqa: S608  # constant
        *partitions.arguments(),
        limit,
    )
    keys = [row["tenant_id"] for row in marks], [row["contact_id"] for row in marks]
    names = await _names(db, *keys)
    groups = await _groups(db, *keys)
    return [
        DirtyContact(
            tenant_id=mark["tenant_id"],
            version=mark["version"],
            published=mark["published"],
            unsure=mark["unsure"],
            contact=names.get(
                (mark["tenant_id"], mark["contact_id"]),
                ContactName(mark["contact_id"], None, None),
            ),
            groups=tuple(groups.get((mark["tenant_id"], mark["contact_id"]), ())),
        )
        for mark in marks
    ]


async def _names(
    db: Database, tenant_ids: list[str], contact_ids: list[str]
) -> dict[tuple[str, str], ContactName]:
    rows = await db.fetch(
        """
        SELECT DISTINCT ON (i.tenant_id, i.contact_id)
               i.tenant_id::text, i.contact_id::text, i.contact_remote_id, i.contact_name
        FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, contact_id)
        JOIN crm_invoice AS i USING (tenant_id, contact_id)
        ORDER BY i.tenant_id, i.contact_id, i.updated_at DESC NULLS LAST, i.invoice_id DESC
        """,
        tenant_ids,
        contact_ids,
    )
    return {
        (row["tenant_id"], row["contact_id"]): ContactName(
            row["contact_id"], row["contact_remote_id"], row["contact_name"]
        )
        for row in rows
    }


async def _groups(
    db: Database, tenant_ids: list[str], contact_ids: list[str]
) -> dict[tuple[str, str], list[InvoiceGroup]]:
    rows = await db.fetch(
        """
        SELECT i.tenant_id::text, i.contact_id::text, i.type, i.currency, i.document, i.timing,
               coalesce(i.amount_due > 0, false) AS owing, count(*) AS count,
               coalesce(sum(i.amount_due), 0)::text AS amount_due,
               min(i.due_date) AS oldest_due_date
        FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, contact_id)
        JOIN crm_invoice AS i USING (tenant_id, contact_id)
        GROUP BY i.tenant_id, i.contact_id, i.type, i.currency, i.document, i.timing, owing
        """,
        tenant_ids,
        contact_ids,
    )
    groups: dict[tuple[str, str], list[InvoiceGroup]] = {}
    for row in rows:
        content = dict(row)
        key = (content.pop("tenant_id"), content.pop("contact_id"))
        content["amount_due"] = Decimal(content["amount_due"])
        groups.setdefault(key, []).append(InvoiceGroup(**content))
    return groups


async def clear(
    db: Database,
    invoices: Sequence[InvoiceState],
    contacts: Sequence[tuple[DirtyContact, bytes | None]],
) -> None:
    """Note what Kafka acknowledged; a mark set by something newer stays.

    `contacts` come with the digest of the document that was sent.
    """
    async with db.transaction() as conn:
        await conn.execute(
            """
            UPDATE crm_invoice AS i SET dirty = false
            FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[])
                 AS sent(tenant_id, invoice_id, epoch, sequence)
            WHERE (i.tenant_id, i.invoice_id, i.epoch, i.sequence)
                = (sent.tenant_id, sent.invoice_id, sent.epoch, sent.sequence)
            """,
            [state.tenant_id for state in invoices],
            [state.invoice_id for state in invoices],
            [state.epoch for state in invoices],
            [state.sequence for state in invoices],
        )
        # The digest is noted even under a newer mark: it says what the topic holds now.
        await conn.execute(
            """
            UPDATE crm_contact AS c
            SET published = sent.digest, unsure = false, dirty = (c.version <> sent.version)
            FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[])
                 AS sent(tenant_id, contact_id, version, digest)
            WHERE (c.tenant_id, c.contact_id) = (sent.tenant_id, sent.contact_id)
            """,
            [dirty.tenant_id for dirty, _ in contacts],
            [dirty.contact.id for dirty, _ in contacts],
            [dirty.version for dirty, _ in contacts],
            [digest for _, digest in contacts],
        )


async def dirty_count(db: Database) -> int:
    """Return how many statuses wait for Kafka's acknowledgement, in all partitions."""
    count: int = await db.fetchval(
        "SELECT (SELECT count(*) FROM crm_invoice WHERE dirty)"
        " + (SELECT count(*) FROM crm_contact WHERE dirty)"
    )
    return count
