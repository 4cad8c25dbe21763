"""Messages beside events, held to their schemas: payment statuses, control topic, dead letters."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from crm.rebuild import computed
from crm.schema import ContactPaymentStatus, InvoicePaymentStatus
from handlers.capability import note_refused, note_taken
from handlers.webhook_watch import WatchSettings, watch_webhooks
from handlers.workshop import bury
from ledgerwire.schemas import CONTACT_STATUS, INVOICE_STATUS, current
from storage.calls import block_calls
from storage.database import Database
from storage.deliveries import store_deliveries
from storage.healing import begin_healing, end_healing
from storage.leases import take_tenant
from storage.notices import Buried
from storage.tenant_states import change_state
from storage.webhook_watch import note_untold
from tests.contract.schemas import Validators
from tests.crm.feed import credit, invoice, payment, settling
from tests.crm.test_settlements import state
from tests.handlers.rig import Rig, running
from tests.storage.makers import delivery, hint
from unified.announcements import CONTROL
from unified.ids import RemoteId
from unified.resources import resource

VALIDATORS = Validators(current().values())
AS_OF = datetime(2026, 3, 15, 9, 30, tzinfo=UTC)

#: The schema of each kind of message; whatever is not here tells how a tenant stands.
OF_KIND = {
    "backfill_progress": "control.backfill_progress",
    "capability": "control.capability",
    "gap_healed": "control.gap_healed",
    "limited": "control.limited",
    "webhook_silent": "control.webhooks",
    "webhook_heard": "control.webhooks",
    "dead_letter": "dead.dead_letter",
}


def complaints(family: str, value: Any) -> list[str]:
    """What the newest schema of a family has against a value."""
    [name] = [each for each in current() if each.startswith(f"{family}.v")]
    return VALIDATORS.complaints(str(current()[name]["$id"]), value)


def test_payment_statuses_keep_to_their_schemas() -> None:
    """An open invoice, one settled in another currency, a void one, and whose they are."""
    dollars = invoice(
        2, currency="USD", provider_exchange_rate="1.25", total_base="80.00", amount_due="0.00",
        amount_due_base="0.00", status="paid", payment_status="paid", timing="none",
        payments=[settling("payment", 1, "60.00", "2026-03-11")],
        credits=[settling("credit_note", 1, "40.00", "2026-03-10")],
    )  # fmt: skip
    records = [
        invoice(1),
        dollars,
        invoice(3, status="void", payment_status="none", timing="none"),
        credit(currency="USD", provider_exchange_rate="1.28"),
        payment(of=dollars, amount="60.00", status="deleted"),
    ]

    statuses = computed([state(record) for record in records], AS_OF)

    assert len(statuses.invoices) == 3
    for document in statuses.invoices.values():
        assert complaints(INVOICE_STATUS, document) == []
        InvoicePaymentStatus.model_validate(document)
    for document in statuses.contacts.values():
        assert complaints(CONTACT_STATUS, document) == []
        ContactPaymentStatus.model_validate(document)


@pytest.fixture
async def rig(database: Database) -> AsyncIterator[Rig]:
    """An organisation whose contacts shall be read."""
    async with running(database, ("Organisation", "Contacts")) as started:
        yield started


async def test_announcements_keep_to_their_schemas(rig: Rig) -> None:
    """Everything that was said on the two topics while much happened to one organisation."""
    await rig.work()
    lease = await take_tenant(rig.db, rig.tenant, "here")
    assert lease is not None
    fencing, contacts = lease.fencing, resource("contact")
    await note_refused(rig.shop, rig.tenant, contacts, "not for you", fencing=fencing)
    await note_taken(rig.shop, rig.tenant, contacts, fencing=fencing)
    buried = Buried(
        endpoint="Contacts", remote_id=RemoteId("x"), version=None, error_code="unreadable",
        error="Name: not a text", raw=None,
    )  # fmt: skip
    await bury(rig.shop, rig.tenant, contacts, buried, fencing=fencing)
    now, at_once = rig.clock.now(), WatchSettings(untold=1)
    async with rig.db.transaction() as conn:
        await note_untold(conn, "Contacts", 3, now=now - at_once.lasting)
    await watch_webhooks(rig.db, rig.clock, at_once)
    heard = delivery(hint(rig.tenant, "i1"), number=1, received_at=await rig.db.now())
    await store_deliveries(rig.db, [heard], now=now)
    await watch_webhooks(rig.db, rig.clock, at_once)
    await block_calls(rig.db, rig.tenant, until=now + timedelta(hours=18), by="day", now=now)
    await begin_healing(rig.db, now=now)
    await end_healing(rig.db, [], now=now)
    await change_state(rig.db, rig.tenant, "needs_reauth", reason="consent was taken back")

    rows = await rig.db.fetch("SELECT kind, value FROM announcement ORDER BY position")

    told = {OF_KIND.get(row["kind"], "control.tenant_state") for row in rows}
    assert told == {*(f"control.{name}" for name in CONTROL), "dead.dead_letter"}
    for row in rows:
        family = OF_KIND.get(row["kind"], "control.tenant_state")
        assert complaints(family, msgspec.json.decode(row["value"])) == [], row["kind"]
