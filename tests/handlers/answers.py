"""Answers of Xero as the handlers compare and absorb them, made from invented books."""

import hashlib
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from handlers.absorb import Absorbed, absorb
from handlers.cause import Origin
from handlers.compare import Seen
from storage.database import Database
from storage.deliveries import store_deliveries
from storage.leases import take_tenant
from storage.notices import Notice, due_notices
from storage.tenant_context import read_context
from tests.storage.makers import delivery, hint, link
from tests.unified.books import wire
from unified.clock import ManualClock
from unified.ids import Parent, RemoteId, TenantId
from unified.resource import Normalized, Resource, TenantContext
from unified.resources import resource
from unified.shape import Read

NOW = datetime(2026, 11, 3, 4, 17, 52, tzinfo=UTC)  #: 17:17 in Auckland
TODAY = date(2026, 11, 3)
INVOICE = resource("invoice")
CONTACT = resource("contact")
COMPANY = resource("company_info")
POLL = Origin(kind="poll", detected_by="notice")
BACKFILL = Origin(kind="backfill", detected_by="backfill", run_id="backfill:1", page=1)
LATEST = 2**62  #: a mark that is newer than every notice


def remote_id(name: str) -> RemoteId:
    """A made-up Xero id."""
    return RemoteId(str(uuid5(NAMESPACE_URL, name)))


def xero_time(instant: datetime) -> str:
    """As Xero writes instants."""
    return f"/Date({int(instant.timestamp() * 1000)}+0000)/"


def xero_day(day: date) -> str:
    """As Xero writes days."""
    return xero_time(datetime(day.year, day.month, day.day, tzinfo=UTC))


def raw_invoice(name: str = "one", *, at: datetime | None = NOW, **changes: Any) -> dict[str, Any]:
    """An unpaid sales invoice that is due on 20 November; `at` is its stamp."""
    usual: dict[str, Any] = {
        "InvoiceID": remote_id(name),
        "UpdatedDateUTC": ... if at is None else xero_time(at),
        "Payments": [],
        "CreditNotes": [],
        "Overpayments": [],
        "AmountPaid": 0,
        "AmountCredited": 0,
        "DueDate": xero_day(date(2026, 11, 20)),
        "DueDateString": ...,
    }
    return wire("invoice", "part_paid_with_credit_note", **{**usual, **changes})


def raw_contact(name: str = "acme", *, at: datetime | None = NOW, **changes: Any) -> dict[str, Any]:
    """A contact that is customer and vendor."""
    usual: dict[str, Any] = {
        "ContactID": remote_id(name),
        "UpdatedDateUTC": ... if at is None else xero_time(at),
    }
    return wire("contact", "customer_and_vendor", **{**usual, **changes})


class Mirror:
    """One linked organisation on a real database, and the answers it is given.

    Attributes:
        clock: business time.
        fencing: of the lease that is held; None before `lease`.
    """

    def __init__(self, db: Database, tenant_id: TenantId) -> None:
        self.db = db
        self.id = tenant_id
        self.clock = ManualClock(NOW)
        self.fencing: int | None = None
        self._deliveries = 0

    async def lease(self, owner: str = "here") -> int:
        """Take the tenant as a worker would; returns the fencing token."""
        lease = await take_tenant(self.db, self.id, owner)
        assert lease is not None
        self.fencing = lease.fencing
        return lease.fencing

    async def open(self) -> None:
        """Read the organisation, as the first session does."""
        raw = wire("company_info", "new_zealand")
        await self.absorb(COMPANY, await self.seen(COMPANY, raw, read=Read.UNPAGED))

    async def context(self) -> TenantContext:
        """What normalizing needs."""
        return await read_context(self.db, self.id)

    async def seen(
        self,
        of: Resource,
        raw: dict[str, Any],
        *,
        read: Read = Read.PAGED,
        mark: int = LATEST,
        asked_at: datetime | None = None,
        answered_at: datetime | None = None,
        parent: Parent | None = None,
    ) -> Seen:
        """One thing as Xero answered it just now, perhaps below another one."""
        asked = await self.db.now() if asked_at is None else asked_at
        answered = max(asked, await self.db.now()) if answered_at is None else answered_at
        return seen_of(
            of,
            raw,
            replace(await self.context(), parent=parent),
            read=read,
            mark=mark,
            asked_at=asked,
            answered_at=answered,
        )

    async def absorb(self, of: Resource, *seen: Seen, origin: Origin = POLL) -> Absorbed:
        """Absorb answers under the lease, if one is held."""
        return await absorb(
            self.db, self.id, of, seen, origin, fencing=self.fencing, clock=self.clock
        )

    async def invoice(self, raw: dict[str, Any], *, origin: Origin = POLL, **read: Any) -> Absorbed:
        """Absorb one invoice."""
        return await self.absorb(INVOICE, await self.seen(INVOICE, raw, **read), origin=origin)

    async def contact(self, raw: dict[str, Any], *, origin: Origin = POLL, **read: Any) -> Absorbed:
        """Absorb one contact."""
        return await self.absorb(CONTACT, await self.seen(CONTACT, raw, **read), origin=origin)

    async def hint(self, name: str = "one", **changes: Any) -> Notice:
        """Let a webhook say that a thing of this name changed; returns its notice."""
        return await self.hint_id(remote_id(name), **changes)

    async def hint_id(self, remote: str, **changes: Any) -> Notice:
        """Let a webhook say that the thing of this id changed; returns its notice."""
        self._deliveries += 1
        told = hint(self.id, remote, **{"hinted_at": self.clock.now(), **changes})
        now = await self.db.now()
        told_in = delivery(told, number=self._deliveries, received_at=now)
        await store_deliveries(self.db, [told_in], now=self.clock.now())
        found = await living_notice(self.db, self.id, told.endpoint, remote)
        assert found is not None
        return found

    async def notice(self, name: str = "one", *, endpoint: str = "Invoices") -> Notice | None:
        """The due or waiting notice of a thing."""
        return await living_notice(self.db, self.id, endpoint, remote_id(name))

    async def due_in_s(self, name: str = "one") -> float:
        """Seconds of business time until a notice is due."""
        due_at = await self.db.fetchval(
            "SELECT due_at FROM notice WHERE tenant_id = $1 AND remote_id = $2",
            self.id,
            remote_id(name),
        )
        return float((due_at - self.clock.now()).total_seconds())

    async def record(self, name: str = "one", resource_name: str = "invoice") -> dict[str, Any]:
        """What the mirror holds of a thing: the row, with `unified` decoded."""
        row = await self.db.fetchrow(
            "SELECT * FROM record WHERE tenant_id = $1 AND resource = $2 AND remote_id = $3",
            self.id,
            resource_name,
            remote_id(name),
        )
        assert row is not None
        return {**dict(row.items()), "unified": msgspec.json.decode(row["unified"])}

    async def events(self, resource_name: str | None = "invoice") -> list[dict[str, Any]]:
        """The values of all events so far, in order."""
        rows = await self.db.fetch(
            """SELECT value FROM event WHERE tenant_id = $1 AND ($2::text IS NULL OR resource = $2)
                ORDER BY tenant_sequence""",
            self.id,
            resource_name,
        )
        return [msgspec.json.decode(row["value"]) for row in rows]


async def living_notice(
    db: Database, tenant_id: TenantId, endpoint: str, remote: str
) -> Notice | None:
    """The notice of one thing, unless it is dead."""
    found = await due_notices(db, tenant_id, now=NOW + timedelta(days=9999), limit=10_000)
    wanted = (endpoint, remote)
    return next((each for each in found if (each.endpoint, each.remote_id) == wanted), None)


def seen_of(  # an answer's facts
    of: Resource,
    raw: dict[str, Any],
    context: TenantContext,
    *,
    read: Read = Read.PAGED,
    mark: int = LATEST,
    asked_at: datetime = NOW,
    answered_at: datetime = NOW,
) -> Seen:
    """One thing as Xero answered it."""
    written = msgspec.json.encode(raw)
    return Seen(
        normalized=of.normalize(raw, context, read),
        raw=zlib.compress(written),
        raw_hash=hashlib.sha256(written).hexdigest(),
        raw_read=read.value,
        remote_data=None,
        mark=mark,
        asked_at=asked_at,
        answered_at=answered_at,
    )


def restamped(seen: Seen, **changes: Any) -> Seen:
    """The answer with some facts of its normalized form changed."""
    normalized: Normalized = replace(seen.normalized, **changes)
    return replace(seen, normalized=normalized)


async def mirror(db: Database) -> Mirror:
    """A linked organisation that was read, with nothing else in its mirror."""
    made = Mirror(db, await link(db))
    await made.open()
    return made
