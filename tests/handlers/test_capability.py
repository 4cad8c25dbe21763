"""What Xero does not let us read: told from what passes by itself, kept, and asked again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from handlers.capability import ASK_AGAIN, note_refused, note_taken, refusal_of
from storage.database import Database
from storage.overview import glance
from tests.handlers.answers import CONTACT
from tests.handlers.rig import FEW, Rig, running
from unified.ids import TenantId
from unified.resource import Endpoint
from xero.errors import (
    AccessTokenRefused,
    ConsentRevoked,
    PayloadRefused,
    RateLimited,
    ResourceMissing,
    ScopeMissing,
    TenantRefused,
    UndecodableAnswer,
    XeroError,
    XeroUnreachable,
)

GATED = replace(CONTACT.endpoint, gated=True)
BELOW = replace(GATED, children=("Invoices",))
TENANT = TenantId("2f6c1d7e-9a53-4f0e-8a63-0b3a6a526a5c")


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (ScopeMissing("Contacts"), "consent does not cover accounting.contacts"),
        (AccessTokenRefused("not known"), "401"),
        (TenantRefused(TENANT), "403"),
        (ResourceMissing("Contacts"), "404"),
        (PayloadRefused(410), "410"),
    ],
)
def test_refusals_of_a_gated_endpoint_have_a_reason(error: XeroError, word: str) -> None:
    """In words for a person; an endpoint that everybody has is never taken for unsupported."""
    assert word in str(refusal_of(GATED, error))
    assert refusal_of(CONTACT.endpoint, error) is None


@pytest.mark.parametrize(
    ("endpoint", "error"),
    [
        (GATED, PayloadRefused(400)),
        (GATED, XeroUnreachable("Contacts", status=503)),
        (GATED, RateLimited(TENANT, "minute", 3.0)),
        (GATED, UndecodableAnswer("truncated", "9 bytes")),
        (GATED, ConsentRevoked()),
        (BELOW, ResourceMissing("Invoices/x/Attachments")),
    ],
)
def test_what_may_pass_or_is_about_one_thing_is_no_refusal(
    endpoint: Endpoint, error: XeroError
) -> None:
    """An outage, a limit, a bad answer; and a parent that is gone says nothing of the others."""
    assert refusal_of(endpoint, error) is None


async def announced(rig: Rig) -> list[dict[str, Any]]:
    """What was announced about capabilities."""
    rows = await rig.db.fetch(
        "SELECT value FROM announcement WHERE kind = 'capability' ORDER BY position"
    )
    return [msgspec.json.decode(row["value"]) for row in rows]


async def test_refusal_is_kept_shown_and_taken_back(database: Database) -> None:
    """Said when it begins, when its reason changes and when it ends; no failure, and no backfill
    that still runs."""
    async with running(database, FEW) as rig:
        await rig.work()
        fencing = (await rig.session()).fencing
        began = rig.clock.now()
        for reason in ("no such scope", "no such scope", "no such endpoint"):
            await note_refused(rig.shop, rig.tenant, CONTACT, reason, fencing=fencing)
            rig.pass_time(minutes=1)

        [seen] = await glance(rig.db)
        assert [(each.endpoint, each.reason, each.since) for each in seen.unsupported] == [
            ("Contacts", "no such endpoint", began)
        ]
        assert (seen.failing, seen.backfills) == ((), ())
        assert seen.verified_since is not None
        cursor = await rig.cursor("Contacts")
        assert cursor.sweep_due_at == rig.clock.now() - timedelta(minutes=1) + ASK_AGAIN

        await note_taken(rig.shop, rig.tenant, CONTACT, fencing=fencing)
        told = [(each["state"], each["reason"]) for each in await announced(rig)]
        assert told == [
            ("unsupported", "no such scope"),
            ("unsupported", "no such endpoint"),
            ("supported", None),
        ]
