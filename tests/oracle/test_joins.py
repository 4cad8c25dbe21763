"""What lines of lively books refer to stands among the records, under the very same ids."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from simulator.books import Books, Tenant
from simulator.business import Business
from simulator.config import OpeningBooks, SimulatorConfig, TenantSpec
from simulator.opening import open_books
from tests.oracle.reading import normalized
from unified.ids import ConnectionId, TenantId
from unified.resource import TenantContext
from unified.resources import RESOURCES
from unified.shape import Read

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
OPENING = OpeningBooks(contacts=8, invoices=40, bills=20, months=3)
Json = dict[str, Any]


def played() -> Tenant:
    """Books with a past and some hundred live actions."""
    config = SimulatorConfig(seed=11)
    books = Books(config, lambda: NOW)
    tenant = open_books(books, TenantSpec(), OPENING, "11")
    rng = random.Random(11)  # noqa: S311  # play money
    business = Business(books, rng)
    for _ in range(400):
        business.act(tenant.id)
    return tenant


def records(tenant: Tenant) -> dict[str, list[Json]]:
    """Everything in the books in unified words, by resource."""
    raw = tenant.raw()
    context = TenantContext(
        tenant_id=TenantId(tenant.id),
        connection_id=ConnectionId("5b3f1c7e-88aa-4b21-9e1f-0c4d2a6b7e10"),
        base_currency=tenant.ledger.country.currency,
        business_date=date(2026, 11, 22),
    )
    held: dict[str, list[Json]] = {}
    for kind in RESOURCES:
        read = Read.PAGED if kind.endpoint.page_size else Read.UNPAGED
        held.setdefault(kind.name, []).extend(
            normalized(kind, one, context, read).record
            for one in raw.get(kind.endpoint.item_key, ())
        )
    return held


def named(lines: list[Json], *path: str) -> Iterator[Json]:
    """The references of lines under a field, where there are any."""
    for line in lines:
        found = [line[path[0]]] if len(path) == 1 else [one[path[1]] for one in line[path[0]]]
        yield from (one for one in found if one is not None)


def test_every_reference_of_a_line_is_a_record() -> None:
    """By account, tax rate, item, tracking category and option; each kind occurs."""
    held = records(played())
    lines = [
        line
        for name in ("invoice", "credit_note", "prepayment")
        for document in held[name]
        for line in document["line_items"]
    ]
    known = {name: {one["id"] for one in kept} for name, kept in held.items()}
    options = {one["id"] for each in held["tracking_category"] for one in each["options"]}
    by_code = {one["code"]: one["id"] for one in held["account"]}

    for path, ids in (
        (("account",), known["account"]),
        (("tax_rate",), known["tax_rate"]),
        (("item",), known["item"]),
        (("tracking", "category"), known["tracking_category"]),
        (("tracking", "option"), options),
    ):
        refs = list(named(lines, *path))
        assert refs, path
        assert {ref["id"] for ref in refs} <= ids, path
    for ref in named(lines, "account"):
        assert by_code[ref["code"]] == ref["id"]


def test_every_default_of_an_account_or_item_is_a_record() -> None:
    """Tax rates by id; accounts of items by their codes, which is all that Xero tells."""
    held = records(played())
    rates = {one["id"] for one in held["tax_rate"]}
    codes = {one["code"] for one in held["account"]}

    assert {one["default_tax_rate"]["id"] for one in held["account"]} <= rates
    sides = [one[side] for one in held["item"] for side in ("sales", "purchase") if one[side]]
    assert sides
    assert {side["tax_rate"]["id"] for side in sides if side["tax_rate"]} <= rates
    assert {side["account"]["code"] for side in sides if side["account"]} <= codes
    assert {one["currency"] for one in held["account"]} <= {one["code"] for one in held["currency"]}
