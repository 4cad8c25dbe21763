"""Cursors: good for one list of one organisation, for a day, and made by nobody else."""

from datetime import timedelta

import pytest

from api.problems import Problem
from api.reading.cursors import LIFE, Going, ListName, read_cursor, write_cursor
from storage.database import Database
from storage.listing import Place
from storage.secrets import SecretBox, new_key
from tests.api.reading.books import NOW, many_invoices
from tests.api.reading.rig import reading_of
from unified.clock import ManualClock
from unified.ids import EntityId, TenantId

TENANT = TenantId("0b3a6a52-6a5c-4f0e-9a53-3f3d4c3a9d11")
NAME = ListName.of(TENANT, ["/v1/accounting/invoices", "status=open"])
PLACES = (
    Going(Place("", EntityId("0198b3c1-2f6e-5a51-9c5e-0d2f3a4b5c6d")), backwards=False),
    Going(Place("Ünï\n'\"", EntityId("ffffffff-ffff-5fff-bfff-ffffffffffff")), backwards=True,
          live_at=NOW.replace(microsecond=310_000)),
)  # fmt: skip


@pytest.mark.parametrize("going", PLACES)
def test_a_cursor_says_what_it_was_made_of(going: Going) -> None:
    """Also after the key that signed it was followed by another."""
    old, new = new_key(), new_key()
    text = write_cursor(going, NAME, SecretBox([old]), now=NOW)
    assert text.replace("-", "").replace("_", "").isalnum()
    assert read_cursor(text, NAME, SecretBox([new, old]), now=NOW + LIFE) == going


def _code(text: str, name: ListName, box: SecretBox, later: timedelta = timedelta(0)) -> str:
    with pytest.raises(Problem) as caught:
        read_cursor(text, name, box, now=NOW + later)
    return caught.value.code


def test_other_texts_are_no_cursors() -> None:
    """Any letter changed, cut or added; another installation's; another list's; too old a one."""
    box = SecretBox([new_key()])
    text = write_cursor(PLACES[0], NAME, box, now=NOW)
    for at in range(len(text) - 1):  # the last letter holds bits that nobody reads
        other = "A" if text[at] != "A" else "B"
        assert _code(text[:at] + other + text[at + 1 :], NAME, box) == "cursor_unreadable"
    for crooked in (text[:-4], f"{text}AAAA", "", "é", "x" * 900):
        assert _code(crooked, NAME, box) == "cursor_unreadable"
    assert _code(text, NAME, SecretBox([new_key()])) == "cursor_unreadable"
    for words in (["/v1/accounting/bills", "status=open"], ["/v1/accounting/invoices"]):
        assert _code(text, ListName.of(TENANT, words), box) == "cursor_of_another_list"
    other_tenant = TenantId("1b3a6a52-6a5c-4f0e-9a53-3f3d4c3a9d11")
    named = ListName.of(other_tenant, ["/v1/accounting/invoices", "status=open"])
    assert _code(text, named, box) == "cursor_of_another_list"
    assert _code(text, NAME, box, LIFE + timedelta(seconds=1)) == "cursor_expired"


async def test_a_cursor_goes_on_with_its_list_alone(database: Database) -> None:
    """How records are shown, and how many, may change on the way; what is listed may not."""
    tenant, clock = await many_invoices(database, 50), ManualClock(NOW)
    async with reading_of(database, tenant, clock=clock) as client:
        asked = {"status": "paid", "sort": "-number", "limit": 10}
        first = await client.told("accounting/invoices", **asked)
        cursor = first["next_cursor"]
        again = {**asked, "limit": 100, "fields": "number", "cursor": cursor}
        rest = await client.told("accounting/invoices", **again)
        assert rest["result_count"] == 50 - 5 - 1 - 1 - 10  # open, draft, gone, seen
        assert rest["next_cursor"] is None
        for change in ({"status": "open"}, {"sort": "number"}, {"deleted": "include"},
                       {"type": "invoice"}):  # fmt: skip
            status, code, _ = await client.problem("accounting/invoices", **{**again, **change})
            assert (status, code) == (400, "cursor_of_another_list")
        assert (await client.problem("accounting/bills", **again))[1] == "cursor_of_another_list"
        other = await many_invoices(database, 5)
        answer = await client.client.get(
            "/v1/accounting/invoices", params=again, headers={"X-Tenant-Id": other}
        )
        assert answer.json()["code"] == "cursor_of_another_list"
        clock.advance(LIFE + timedelta(seconds=2))
        assert (await client.problem("accounting/invoices", **again))[:2] == (410, "cursor_expired")
