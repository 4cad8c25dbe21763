"""What waits for Kafka's acknowledgement: reading what is marked, and clearing the marks.

A mark is cleared only if nothing newer was marked meanwhile. Every query reads the mark first and
what it stands for afterwards, so a status is at least as new as the mark that is cleared for it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crm.contact_status import ContactName, CreditGroup, InvoiceGroup
from crm.partitions import OWNED, Partitions
from crm.payment_status import Companions
from crm.rows import INVOICES, PAYMENTS
from crm.states import InvoiceState, PaymentState
from storage.database import Database

Place = tuple[str, str]  #: tenant, unified id


@dataclass(frozen=True, slots=True)
class Sent:
    """What Kafka last acknowledged of a marked thing.

    Attributes:
        mark: grows with every mark, so that clearing tells a newer mark from this one.
        published: digest of the document last acknowledged; None: none, or a tombstone.
        unsure: something else may have been sent since, by a process that did not live to note
            it: publish even if nothing seems to have moved.
    """

    mark: int
    published: bytes | None
    unsure: bool

    def needs(self, digest: bytes | None) -> bool:
        """Return whether a document of this digest has to be sent."""
        return self.unsure or digest != self.published


@dataclass(frozen=True, slots=True)
class DirtyInvoice:
    """An invoice to publish."""

    sent: Sent
    state: InvoiceState
    companions: Companions


@dataclass(frozen=True, slots=True)
class DirtyContact:
    """A contact to publish: what its invoices and credits come to."""

    tenant_id: str
    sent: Sent
    contact: ContactName
    groups: tuple[InvoiceGroup, ...]
    credits: tuple[CreditGroup, ...]


async def dirty_invoices(db: Database, partitions: Partitions, limit: int) -> list[DirtyInvoice]:
    """Return up to `limit` invoices whose payment status may have moved."""
    rows = await db.fetch(
        f"""
        SELECT {INVOICES.selected}, mark, published, unsure
        FROM crm_invoice AS r WHERE dirty AND {OWNED} LIMIT $3
        """,  # noqa: S608  # constants
        *partitions.arguments(),
        limit,
    )
    states = [INVOICES.read(dict(row)) for row in rows]
    rates = await _rates(db, states)
    undone = await _undone(db, states)
    return [
        DirtyInvoice(
            sent=Sent(row["mark"], row["published"], row["unsure"]),
            state=state,
            companions=Companions(
                rates=rates, undone=tuple(undone.get((state.tenant_id, state.invoice_id), ()))
            ),
        )
        for row, state in zip(rows, states, strict=True)
    ]


async def _rates(db: Database, states: Iterable[InvoiceState]) -> dict[str, Decimal]:
    """Rates by unified id, which no two organisations share."""
    wanted = sorted(
        (state.tenant_id, each.id)
        for state in states
        for each in state.settled_by or ()
        if each.id is not None and state.currency != state.base_currency
    )
    if not wanted:
        return {}
    rows = await db.fetch(
        """
        WITH wanted AS (SELECT * FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, id))
        SELECT w.id::text, p.rate FROM wanted w
          JOIN crm_payment p ON (p.tenant_id, p.payment_id) = (w.tenant_id, w.id)
         WHERE p.rate IS NOT NULL
        UNION ALL
        SELECT w.id::text, c.rate FROM wanted w
          JOIN crm_credit c ON (c.tenant_id, c.credit_id) = (w.tenant_id, w.id)
         WHERE c.rate IS NOT NULL
        """,
        [tenant_id for tenant_id, _ in wanted],
        [id_ for _, id_ in wanted],
    )
    return {row["id"]: row["rate"] for row in rows}


async def _undone(db: Database, states: Sequence[InvoiceState]) -> dict[Place, list[PaymentState]]:
    if not states:
        return {}
    rows = await db.fetch(
        f"""
        SELECT {PAYMENTS.selected}
        FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, target_id)
        JOIN crm_payment AS r ON (r.tenant_id, r.target_id) = (k.tenant_id, k.target_id)
        WHERE r.document = 'deleted'
        """,  # noqa: S608  # constants
        [state.tenant_id for state in states],
        [state.invoice_id for state in states],
    )
    found: dict[Place, list[PaymentState]] = defaultdict(list)
    for row in rows:
        payment = PAYMENTS.read(dict(row))
        found[payment.tenant_id, str(payment.target_id)].append(payment)
    return found


async def dirty_contacts(db: Database, partitions: Partitions, limit: int) -> list[DirtyContact]:
    """Return up to `limit` contacts whose payment status may have moved."""
    marks = await db.fetch(
        f"""
        SELECT tenant_id::text, contact_id::text, version, published, unsure
        FROM crm_contact WHERE dirty AND {OWNED} LIMIT $3
        """,  # noqa: S608  # constants
        *partitions.arguments(),
        limit,
    )
    places = [(row["tenant_id"], row["contact_id"]) for row in marks]
    keys = [tenant_id for tenant_id, _ in places], [contact_id for _, contact_id in places]
    names = await _names(db, *keys)
    groups = await _groups(db, *keys)
    credits_ = await _credits(db, *keys)
    return [
        DirtyContact(
            tenant_id=place[0],
            sent=Sent(mark["version"], mark["published"], mark["unsure"]),
            contact=names.get(place, ContactName(place[1], None, None)),
            groups=tuple(groups.get(place, ())),
            credits=tuple(credits_.get(place, ())),
        )
        for mark, place in zip(marks, places, strict=True)
    ]


async def _names(
    db: Database, tenant_ids: list[str], contact_ids: list[str]
) -> dict[Place, ContactName]:
    rows = await db.fetch(
        """
        SELECT DISTINCT ON (d.tenant_id, d.contact_id)
               d.tenant_id::text, d.contact_id::text, d.contact_remote_id, d.contact_name
        FROM (
          SELECT k.tenant_id, k.contact_id, r.contact_remote_id, r.contact_name, r.updated_at,
                 r.invoice_id AS id
          FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, contact_id)
          JOIN crm_invoice AS r USING (tenant_id, contact_id)
          UNION ALL
          SELECT k.tenant_id, k.contact_id, r.contact_remote_id, r.contact_name, r.updated_at,
                 r.credit_id AS id
          FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, contact_id)
          JOIN crm_credit AS r USING (tenant_id, contact_id)
        ) AS d
        ORDER BY d.tenant_id, d.contact_id, d.updated_at DESC NULLS LAST, d.id DESC
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
) -> dict[Place, list[InvoiceGroup]]:
    rows = await db.fetch(
        """
        SELECT i.tenant_id::text, i.contact_id::text, i.type, i.currency, i.base_currency,
               i.document, i.timing, coalesce(i.amount_due > 0, false) AS owing,
               count(*) AS count, coalesce(sum(i.amount_due), 0) AS amount_due,
               coalesce(sum(i.amount_due_base), 0) AS amount_due_base,
               count(*) FILTER (WHERE i.amount_due_base IS NULL) AS unconverted,
               min(i.due_date) AS oldest_due_date
        FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, contact_id)
        JOIN crm_invoice AS i USING (tenant_id, contact_id)
        GROUP BY i.tenant_id, i.contact_id, i.type, i.currency, i.base_currency, i.document,
                 i.timing, owing
        """,
        tenant_ids,
        contact_ids,
    )
    groups: dict[Place, list[InvoiceGroup]] = defaultdict(list)
    for row in rows:
        content = dict(row)
        place = content.pop("tenant_id"), content.pop("contact_id")
        groups[place].append(InvoiceGroup(**content))
    return groups


async def _credits(
    db: Database, tenant_ids: list[str], contact_ids: list[str]
) -> dict[Place, list[CreditGroup]]:
    rows = await db.fetch(
        """
        SELECT c.tenant_id::text, c.contact_id::text, c.type, c.resource, c.currency,
               c.base_currency, c.document, coalesce(sum(c.remaining), 0) AS remaining,
               coalesce(sum(c.remaining_base), 0) AS remaining_base,
               count(*) FILTER (WHERE c.remaining_base IS NULL) AS unconverted,
               coalesce(sum(p.refunded), 0) AS refunded
        FROM unnest($1::uuid[], $2::uuid[]) AS k(tenant_id, contact_id)
        JOIN crm_credit AS c USING (tenant_id, contact_id)
        LEFT JOIN LATERAL (
          SELECT sum(r.amount) AS refunded FROM crm_payment AS r
          WHERE (r.tenant_id, r.target_id) = (c.tenant_id, c.credit_id)
            AND r.kind = 'refund' AND r.document = 'completed'
        ) AS p ON true
        GROUP BY c.tenant_id, c.contact_id, c.type, c.resource, c.currency, c.base_currency,
                 c.document, coalesce(c.remaining > 0, false)
        """,
        tenant_ids,
        contact_ids,
    )
    groups: dict[Place, list[CreditGroup]] = defaultdict(list)
    for row in rows:
        content = dict(row)
        place = content.pop("tenant_id"), content.pop("contact_id")
        groups[place].append(CreditGroup(**content))
    return groups


async def clear(
    db: Database,
    invoices: Sequence[tuple[DirtyInvoice, bytes | None]],
    contacts: Sequence[tuple[DirtyContact, bytes | None]],
) -> None:
    """Note what the topics hold now; a mark set by something newer stays.

    Each comes with the digest of the document that was sent, or did not have to be.
    """
    async with db.transaction() as conn:
        # The digest is noted even under a newer mark: it says what the topic holds now.
        await conn.execute(
            """
            UPDATE crm_invoice AS i SET dirty = (i.mark <> sent.mark),
                   published = sent.digest, unsure = false
            FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[])
                 AS sent(tenant_id, invoice_id, mark, digest)
            WHERE (i.tenant_id, i.invoice_id) = (sent.tenant_id, sent.invoice_id)
            """,
            [dirty.state.tenant_id for dirty, _ in invoices],
            [dirty.state.invoice_id for dirty, _ in invoices],
            [dirty.sent.mark for dirty, _ in invoices],
            [digest for _, digest in invoices],
        )
        await conn.execute(
            """
            UPDATE crm_contact AS c SET dirty = (c.version <> sent.mark),
                   published = sent.digest, unsure = false
            FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[])
                 AS sent(tenant_id, contact_id, mark, digest)
            WHERE (c.tenant_id, c.contact_id) = (sent.tenant_id, sent.contact_id)
            """,
            [dirty.tenant_id for dirty, _ in contacts],
            [dirty.contact.id for dirty, _ in contacts],
            [dirty.sent.mark for dirty, _ in contacts],
            [digest for _, digest in contacts],
        )


async def dirty_count(db: Database) -> int:
    """Return how many statuses wait for Kafka's acknowledgement, in all partitions."""
    count: int = await db.fetchval(
        "SELECT (SELECT count(*) FROM crm_invoice WHERE dirty)"
        " + (SELECT count(*) FROM crm_contact WHERE dirty)"
    )
    return count
