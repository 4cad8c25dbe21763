"""Transfers are not stamped when they change: their two bank transactions say that they did."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.handlers.answers import BACKFILL, NOW, Mirror, remote_id, xero_time
from tests.handlers.test_links import answered, asked, read, wanted
from tests.unified.books import wire
from unified.resources.transaction import BANK_TRANSACTION, BANK_TRANSFER
from unified.shape import Read

PATH = BANK_TRANSFER.endpoint.path
LATER = NOW + timedelta(seconds=1)
DUE = NOW + timedelta(hours=1)  #: when transfers would be swept next

Raw = dict[str, Any]


@pytest.fixture
async def books(empty: Mirror) -> Mirror:
    """An organisation whose bank transactions and transfers were backfilled."""
    for of in (BANK_TRANSACTION, BANK_TRANSFER):
        await empty.db.execute(
            """INSERT INTO cursor (tenant_id, endpoint, sweep_due_at, backfill_state,
                                   backfill_complete)
               VALUES ($1, $2, $3, 'done', true)""",
            empty.id,
            of.endpoint.path,
            DUE,
        )
    return empty


def raw_transfer(**changes: Any) -> Raw:
    """A transfer of twenty dollars, neither side of which is reconciled."""
    usual = {
        "BankTransferID": remote_id("moved"),
        "FromBankTransactionID": remote_id("out"),
        "ToBankTransactionID": remote_id("in"),
        "FromIsReconciled": False,
        "HasAttachments": False,
    }
    return wire("transaction", "transfer_between_accounts", **{**usual, **changes})


def raw_leg(name: str = "out", *, at: datetime = NOW, **changes: Any) -> Raw:
    """One side of that transfer."""
    usual = {
        "BankTransactionID": remote_id(name),
        "Type": "SPEND-TRANSFER" if name == "out" else "RECEIVE-TRANSFER",
        "Status": "AUTHORISED",
        "Reference": "Sub 098801",
        "SubTotal": 20,
        "Total": 20,
        "CurrencyCode": "NZD",
        "UpdatedDateUTC": xero_time(at),
    }
    return wire("transaction", "side_of_a_transfer_in_yen", **{**usual, **changes})


async def transferred(mirror: Mirror, **changes: Any) -> None:
    """Absorb the transfer as a list shows it."""
    seen = await mirror.seen(BANK_TRANSFER, raw_transfer(**changes), read=Read.UNPAGED)
    await mirror.absorb(BANK_TRANSFER, seen)


async def due(mirror: Mirror) -> datetime:
    """When transfers are swept next."""
    found: datetime = await mirror.db.fetchval(
        "SELECT sweep_due_at FROM cursor WHERE tenant_id = $1 AND endpoint = $2", mirror.id, PATH
    )
    return found


@pytest.mark.parametrize(
    ("name", "change"),
    [("out", {"Status": "DELETED"}), ("in", {"IsReconciled": True}), ("out", {"Reference": "x"})],
)
async def test_transfer_is_read_when_a_side_says_other(
    books: Mirror, name: str, change: Raw
) -> None:
    """Nothing else tells of it: the transfer's own list goes by the time of creation."""
    await transferred(books)
    await read(books, BANK_TRANSACTION, raw_leg(name))
    assert await wanted(books) == []

    await read(books, BANK_TRANSACTION, raw_leg(name, at=LATER, **change))

    assert await wanted(books) == [asked(PATH, "moved")]


async def test_transfer_that_says_the_same_is_not_read(books: Mirror) -> None:
    """Whichever was read first, the other costs nothing more."""
    await transferred(books)
    await read(books, BANK_TRANSACTION, raw_leg())
    await transferred(books, FromIsReconciled=True)

    await read(books, BANK_TRANSACTION, raw_leg(at=LATER, IsReconciled=True))

    assert await wanted(books) == []
    [_, event] = [
        each for each in await books.events("transaction")
        if each["entity"]["remote_id"] == remote_id("out")
    ]  # fmt: skip
    assert event["facts"] == ["transaction.reconciled"]


async def test_transfer_read_after_its_side_asks_for_nothing_more(books: Mirror) -> None:
    """The notice is answered, and the deletion told as one of the transfer."""
    await transferred(books)
    await read(books, BANK_TRANSACTION, raw_leg())
    await read(books, BANK_TRANSACTION, raw_leg(at=LATER, Status="DELETED"))
    await answered(books, endpoint=PATH, name="moved")

    await transferred(books, Status="DELETED")

    assert await wanted(books) == []
    gone = [each for each in await books.events("transaction") if each["op"] == "d"]
    assert {each["entity"]["remote_id"] for each in gone} == {remote_id("out"), remote_id("moved")}


async def test_new_side_of_an_unknown_transfer_brings_its_sweep_forward(books: Mirror) -> None:
    """The transfer was made just now, too, and cannot be asked for by an id that nobody knows."""
    await read(books, BANK_TRANSACTION, raw_leg())

    assert await due(books) == NOW
    assert await wanted(books) == []


async def test_sides_that_a_backfill_observes_ask_for_nothing(books: Mirror) -> None:
    """The transfers have a backfill of their own."""
    await books.db.execute("UPDATE cursor SET backfill_complete = false")

    await read(books, BANK_TRANSACTION, raw_leg(), origin=BACKFILL)

    assert await due(books) == DUE
    assert await wanted(books) == []
