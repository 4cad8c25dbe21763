"""Mistakes about money at a bank and entries by hand, planted one at a time, are named."""

from copy import deepcopy
from typing import Any

import pytest

from oracle.facts import facts_of
from tests.oracle import banking as b
from tests.oracle import records as r
from tests.oracle.test_planted import WRONG, in_books, in_mirror
from tests.oracle.world import Break

Json = dict[str, Any]


def deep(record: Json, remote_id: str, name: str, *path: Any, to: Any) -> Break:
    """Put a value deep into a field of a record, wherever it was published."""
    value = deepcopy(record[name])
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return in_mirror(remote_id, **{name: value})


def test_world_with_a_bank_agrees() -> None:
    """Two lists of one resource, capital letters, another currency in a batch."""
    world = b.banked()

    assert world.judge() == []
    assert world.examine().counts["things"] == len(world.mirror)


CASES: list[tuple[str, Break, set[str]]] = [
    ("an overpayment taken for plain money", in_mirror(b.RECEIVED, type="receive"), {"type"}),
    ("money that went the other way", in_mirror(b.RECEIVED, direction="outbound"), {"direction"}),
    ("a rate multiplied with", in_mirror(b.RECEIVED, total_base="24.00"), {"total_base"}),
    ("the overpayment that it made forgotten", in_mirror(b.RECEIVED, linked=None), {"linked"}),
    ("the overpayment taken for a prepayment", in_mirror(
        b.RECEIVED, linked={**b.RECEIVED_RECORD["linked"], "resource": "prepayment"}),
     {"linked/resource"}),
    ("a bank transaction deleted in the books alone",
     in_books("BankTransactions", b.RECEIVED.upper(), Status="DELETED"),
     {"status", "remote_status", "is_deleted", "deletion_kind"}),
    ("a void one that looks active", in_books("BankTransactions", b.RECEIVED.upper(),
     Status="VOIDED"), {"status", "remote_status"}),
    ("a side of a transfer counted as money spent",
     in_mirror(b.SIDE, type="spend", is_leg=False), {"type", "is_leg"}),
    ("a transfer taken for one of its sides", in_mirror(b.TRANSFER, is_leg=True), {"is_leg"}),
    ("a transfer without its sides", in_mirror(b.TRANSFER, legs=[]), {"legs"}),
    ("the sides of a transfer exchanged",
     deep(b.TRANSFER_RECORD, b.TRANSFER, "legs", 0, "ref", to=r.ref("transaction", b.OTHER_SIDE)),
     {"legs/0/ref/id", "legs/0/ref/remote_id"}),
    ("a side matched with a statement unseen",
     in_books("BankTransfers", b.TRANSFER.upper(), ToIsReconciled=True),
     {"is_reconciled", "legs/1/is_reconciled"}),
    ("a transfer deleted in the books alone",
     in_books("BankTransfers", b.TRANSFER.upper(), Status="DELETED"),
     {"status", "remote_status", "is_deleted", "deletion_kind"}),
    ("a transfer that went to another account", in_mirror(b.TRANSFER, counter_account=None),
     {"counter_account"}),
    ("tracking of the other side", deep(b.TRANSFER_RECORD, b.TRANSFER, "legs", 0, "tracking",
     to=[]), {"legs/0/tracking"}),
    ("a batch in the currency of its invoice", in_mirror(b.BATCH, currency="EUR"), {"currency"}),
    ("a batch that paid bills", in_mirror(b.BATCH, direction="outbound"), {"direction"}),
    ("what the bank moved taken for what was paid",
     deep(b.BATCH_RECORD, b.BATCH, "payments", 0, "amount", to="50.00"),
     {f"payments/{r.PAYMENT_1}/amount"}),
    ("a payment that left its batch", in_books("BatchPayments", b.BATCH.upper(), Payments=[]),
     {f"payments/{r.PAYMENT_1}"}),
    ("a batch deleted in the books alone",
     in_books("BatchPayments", b.BATCH.upper(), Status="DELETED"),
     {"status", "remote_status", "is_deleted", "deletion_kind"}),
    ("a debit taken for a credit", deep(b.JOURNAL_RECORD, b.JOURNAL, "lines", 0, "side",
     to="credit"), {"lines/0/side"}),
    ("tax left in a journal's line", deep(b.JOURNAL_RECORD, b.JOURNAL, "lines", 0, "net_amount",
     to="115.00"), {"lines/0/net_amount"}),
    ("a journal's lines exchanged",
     in_mirror(b.JOURNAL, lines=b.JOURNAL_RECORD["lines"][:1]), {"lines"}),
    ("a journal voided in the books alone",
     in_books("ManualJournals", b.JOURNAL.upper(), Status="VOIDED"), {"status", "remote_status"}),
    ("a journal that is no cash", in_mirror(b.JOURNAL, show_on_cash_basis=True),
     {"show_on_cash_basis"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "plant", "fields"), CASES, ids=lambda value: None)
def test_planted_mistake_is_found_and_named(name: str, plant: Break, fields: set[str]) -> None:
    """One mistake gives exactly the differences that name it, and no others beside them."""
    world = b.banked()
    plant(world)

    assert {(WRONG, field) for field in fields} == {
        (one.kind, one.field) for one in world.judge()
    }, name


@pytest.mark.parametrize("told", [None, "1"])
def test_rate_of_a_transfer_may_be_untold(told: str | None) -> None:
    """Lists leave it out; a single read tells it."""
    world = b.banked()
    in_mirror(b.TRANSFER, provider_exchange_rate=told)(world)

    assert world.judge() == []


@pytest.mark.parametrize(
    ("resource", "before", "after", "facts"),
    [
        ("transaction", {"status": "posted"}, {"status": "deleted"}, ["deleted"]),
        ("transaction", {"status": "posted"}, {"status": "void"}, ["voided"]),
        ("transaction", {"is_reconciled": False}, {"is_reconciled": True}, ["reconciled"]),
        ("transaction", {"is_reconciled": True}, {"is_reconciled": False}, ["unreconciled"]),
        ("transaction", {"total": "1.00"}, {"total": "2.00"}, []),
        ("batch_payment", {"status": "completed"}, {"status": "deleted"}, ["deleted"]),
        ("batch_payment", {"is_reconciled": None}, {"is_reconciled": True}, ["reconciled"]),
        ("journal_entry", {"status": "draft"}, {"status": "posted"}, ["posted"]),
        ("journal_entry", {"status": "posted"}, {"status": "void"}, ["voided"]),
        ("journal_entry", {"status": "draft"}, {"status": "deleted"}, ["deleted"]),
        ("journal_entry", {"status": "posted"}, {"status": "archived"}, []),
    ],
)
def test_facts_follow_from_both_sides(
    resource: str, before: Json, after: Json, facts: list[str]
) -> None:
    """Each fact once, and none that nothing shows."""
    assert facts_of(resource, before, after) == [f"{resource}.{fact}" for fact in facts]
