"""Mistakes about what documents refer to, planted one at a time, are found and named."""

from copy import deepcopy
from typing import Any

import pytest

from tests.oracle import records as r
from tests.oracle import reference as ref
from tests.oracle.test_planted import WRONG, in_books, in_mirror
from tests.oracle.world import Break

LEVY_PARTS = ref.LEVY_RECORD["components"]


def of(remote_id: str, name: str, *path: str | int, to: Any) -> Break:
    """Put a value deep into a field of a record, wherever it was published."""
    records = {
        ref.LEVY: ref.LEVY_RECORD,
        ref.DESK: ref.DESK_RECORD,
        ref.REGION: ref.REGION_RECORD,
        ref.CARD: ref.CARD_RECORD,
    }
    value = deepcopy(records[remote_id][name])
    inner = value
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return in_mirror(remote_id, **{name: value})


def test_world_with_references_agrees() -> None:
    """Codes as ids, capital letters, options in a list of their own."""
    world = ref.referred()

    assert world.judge() == []
    assert world.examine().counts["things"] == len(world.mirror)


CASES: list[tuple[str, Break, set[str]]] = [
    ("a card taken for a bank account", in_mirror(ref.CARD, type="bank"), {"type"}),
    ("an account of the wrong class", in_mirror(ref.CARD, classification="liability"),
     {"classification"}),
    ("an account in base currency", in_mirror(ref.CARD, currency="NZD"), {"currency"}),
    ("another account number", of(ref.CARD, "bank_account", "number", to="0209087655"),
     {"bank_account/number"}),
    ("an account that is no bank's", in_mirror(ref.CARD, is_bank_account=False, bank_account=None),
     {"is_bank_account", "bank_account"}),
    ("an account's tax rate by a made-up id",
     in_mirror(ref.CARD, default_tax_rate=r.ref("tax_rate", "none")),
     {"default_tax_rate/id", "default_tax_rate/remote_id"}),
    ("an account not known to be archived", in_books("Accounts", ref.CARD.upper(),
     Status="ARCHIVED"), {"status", "remote_status"}),
    ("a system account not known as one", in_books("Accounts", ref.CARD.upper(),
     SystemAccount="ROUNDING"), {"system_role"}),
    ("an account renamed in the books alone", in_books("Accounts", ref.CARD.upper(), Name="Card"),
     {"name"}),
    ("a rate as a fraction", in_mirror(ref.LEVY, effective_rate="0.111"), {"effective_rate"}),
    ("a compound rate merely added up", in_mirror(ref.LEVY, effective_rate="11"),
     {"effective_rate"}),
    ("a component's rate", of(ref.LEVY, "components", 1, "rate", to="11"), {"components/1/rate"}),
    ("a lost component", in_mirror(ref.LEVY, components=LEVY_PARTS[:1]), {"components"}),
    ("a compound component taken for a simple one",
     of(ref.LEVY, "components", 1, "is_compound", to=False), {"components/1/is_compound"}),
    ("a rate applied to equity too",
     in_mirror(ref.LEVY, applies_to=["asset", "equity", "expense", "revenue"]), {"applies_to"}),
    ("a sales rate said to be for both", in_mirror(ref.LEVY, direction="both"), {"direction"}),
    ("a rate not known to be deleted", in_books("TaxRates", ref.LEVY, Status="DELETED"),
     {"status", "remote_status", "is_deleted", "deletion_kind"}),
    ("a price without its third decimal", of(ref.DESK, "purchase", "unit_price", to="410.13"),
     {"purchase/unit_price"}),
    ("an item's cost account forgotten", of(ref.DESK, "purchase", "account", to=None),
     {"purchase/account"}),
    ("an account looked up by its code",
     of(ref.DESK, "sales", "account", to=r.ref("account", "200", code="200")),
     {"sales/account/id", "sales/account/remote_id"}),
    ("a tracked item taken for a plain one", in_mirror(ref.DESK, type="non_inventory"), {"type"}),
    ("an item not known by its new code", in_books("Items", ref.DESK, Code="DESK-02"), {"code"}),
    ("an item no longer sold in the books", in_books("Items", ref.DESK, IsSold=False),
     {"is_sold"}),
    ("an item's price in the books alone", in_books("Items", ref.DESK, SalesDetails={}),
     {"sales"}),
    ("an option by its bare id", of(ref.REGION, "options", 0, "id", to=ref.NORTH),
     {f"options/{ref.NORTH}/id"}),
    ("an archived option said to be active",
     of(ref.REGION, "options", 1, "status", to="active"), {f"options/{ref.SOUTH}/status"}),
    ("a lost option", in_mirror(ref.REGION, options=ref.REGION_RECORD["options"][:1]),
     {f"options/{ref.SOUTH}"}),
    ("a category not known by its new name",
     in_books("TrackingCategories", ref.REGION, Name="Area"), {"name"}),
    ("a currency taken for the base", in_mirror(ref.YEN, is_base=True), {"is_base"}),
    ("yen with cents", in_mirror(ref.YEN, minor_units=2), {"minor_units"}),
    ("a currency said to be deleted",
     in_mirror(ref.YEN, status="deleted"), {"status"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "plant", "fields"), CASES, ids=lambda value: None)
def test_planted_mistake_is_found_and_named(name: str, plant: Break, fields: set[str]) -> None:
    """One mistake gives exactly the differences that name it, and no others beside them."""
    world = ref.referred()
    plant(world)

    assert {(WRONG, field) for field in fields} == {
        (one.kind, one.field) for one in world.judge()
    }, name


def test_quantities_on_hand_are_not_judged() -> None:
    """They move unannounced with every document, so a mirror is right to be behind."""
    world = ref.referred()
    in_books("Items", ref.DESK, QuantityOnHand=3, TotalCostPool=1230)(world)

    assert world.judge() == []


@pytest.mark.parametrize("remote_id", [ref.CARD, ref.LEVY, ref.DESK, ref.REGION, ref.YEN])
def test_what_nobody_read_is_missed(remote_id: str) -> None:
    """A thing of the books that the mirror lacks, whatever its kind."""
    world = ref.referred()
    world.mirror.remove(world.row(remote_id))
    world.complete = False

    kinds = {one.kind for one in world.judge() if one.remote_id == remote_id}
    assert "missing_in_mirror" in kinds
