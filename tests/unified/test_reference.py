"""Accounts, tax rates, items, tracking, currencies: ids that are codes, and who refers to whom."""

from typing import Any

import pytest

from tests.unified.books import JP, NZ, finished, normalized, wire
from unified.resource import NormalizeError
from unified.resources import resource
from unified.shape import Read


def record_of(name: str, pair: str, **changes: Any) -> dict[str, Any]:
    """The record of a golden pair, with some of Xero's keys changed."""
    return normalized(name, pair, read=Read.UNPAGED, **changes).record


def line_of(**line: Any) -> dict[str, Any]:
    """One line of an invoice as it is in the record."""
    raw = wire("invoice", "part_paid_with_credit_note")
    held = {**raw["LineItems"][0], **line}
    found = normalized("invoice", "part_paid_with_credit_note", LineItems=[held]).record
    return dict(found["line_items"][0])


def test_lines_refer_to_the_same_ids_as_the_records() -> None:
    """So that a consumer joins them without asking anybody, whatever the case of Xero's ids."""
    account, item = record_of("account", "revenue"), record_of("item", "tracked")
    rate, category = record_of("tax_rate", "sales"), record_of("tracking_category", "regions")
    option = category["options"][0]
    line = line_of(
        AccountID="5D0BD4E0-6B7C-4A7B-9C2F-1F6F5A1D2B30",
        AccountCode="200",
        TaxType="OUTPUT2",
        Item={"ItemID": "C8C54D65-F3F2-452D-926E-BF450B12FB07", "Code": "DOOR-OAK"},
        Tracking=[
            {
                "TrackingCategoryID": category["remote_id"].upper(),
                "TrackingOptionID": option["remote_id"].upper(),
                "Name": "Region",
                "Option": "North",
            }
        ],
    )

    assert line["account"]["id"] == account["id"]
    assert line["tax_rate"]["id"] == rate["id"]
    assert line["item"]["id"] == item["id"]
    assert line["tracking"][0]["category"]["id"] == category["id"]
    assert line["tracking"][0]["option"]["id"] == option["id"]


def test_lines_that_know_names_only_are_joined_by_them() -> None:
    """Old lines name their tracking, thin ones codes: no id is made up, and the labels fit."""
    category = record_of("tracking_category", "regions")
    line = line_of(
        AccountID=None,
        AccountCode="200",
        Item=None,
        ItemCode="DOOR-OAK",
        Tracking=[{"Name": "Region", "Option": "Overseas"}],
    )
    chosen = line["tracking"][0]
    options = {option["name"]: option for option in category["options"]}

    assert chosen["category"] == {"id": None, "remote_id": None, "name": category["name"]}
    assert chosen["option"]["id"] is None
    assert options[chosen["option"]["name"]]["status"] == "archived"
    assert line["account"]["code"] == record_of("account", "revenue")["code"]
    assert line["item"]["code"] == record_of("item", "tracked")["code"]


def test_defaults_refer_to_the_same_tax_rate() -> None:
    """An account's and an item's default is the record of that TaxType."""
    rate = record_of("tax_rate", "sales")

    assert record_of("account", "revenue")["default_tax_rate"]["id"] == rate["id"]
    assert record_of("item", "tracked")["sales"]["tax_rate"]["id"] == rate["id"]


@pytest.mark.parametrize(
    ("name", "pair", "key"), [("tax_rate", "sales", "TaxType"), ("currency", "base", "Code")]
)
def test_codes_are_ids_as_xero_writes_them(name: str, pair: str, key: str) -> None:
    """A code in lower case would be another one; without it there is no thing."""
    raw = wire(name, pair)
    seen = normalized(name, pair, read=Read.UNPAGED)

    assert seen.remote_id == raw[key] == seen.record["code"]
    for missing in (None, ""):
        without: dict[str, Any] = {key: missing}
        with pytest.raises(NormalizeError, match=f"{key}: missing"):
            normalized(name, pair, **without)


def test_the_same_code_in_two_organisations_is_two_records() -> None:
    """Every organisation has its own NONE and its own dollar."""
    ids = {
        normalized("tax_rate", "none", context=context, read=Read.UNPAGED).record["id"]
        for context in (NZ, JP)
    }

    assert len(ids) == 2


@pytest.mark.parametrize(
    ("changes", "direction"),
    [
        ({"CanApplyToRevenue": True, "CanApplyToExpenses": False}, "sales"),
        ({"CanApplyToRevenue": False, "CanApplyToExpenses": True}, "purchases"),
        ({"ReportTaxType": "NONE"}, "both"),
        ({"ReportTaxType": "EXEMPTOUTPUT"}, "sales"),
        ({"ReportTaxType": "GSTONIMPORTS"}, "both"),
        ({"ReportTaxType": None, "TaxType": "EXEMPTEXPENSES"}, "purchases"),
        (
            {"ReportTaxType": "", "CanApplyToRevenue": False, "CanApplyToExpenses": False},
            "none",
        ),
    ],
)
def test_direction_follows_accounts_then_family(changes: dict[str, Any], direction: str) -> None:
    """Where both kinds of accounts may use a rate, its type tells whether it is one-sided."""
    assert record_of("tax_rate", "none", **changes)["direction"] == direction


def test_quantity_on_hand_is_no_change() -> None:
    """It moves with every document, and would flood whoever listens to items."""
    item = resource("item")
    before = finished(item, record_of("item", "tracked"), version=3)
    after = item.overlay(
        before,
        normalized("item", "tracked", read=Read.UNPAGED, QuantityOnHand=7, TotalCostPool="17500"),
    )

    assert after["quantity_on_hand"] == "7"
    assert after["total_cost_pool"] == "17500.00"
    assert item.fingerprint(before) == item.fingerprint(after)
    assert item.changed_fields(before, after) == []


def test_options_in_another_order_are_the_same_category() -> None:
    """But one that is renamed, archived or gone is a change."""
    category = resource("tracking_category")
    raw = wire("tracking_category", "regions")
    before = record_of("tracking_category", "regions")
    turned = record_of("tracking_category", "regions", Options=raw["Options"][::-1])
    shorter = record_of("tracking_category", "regions", Options=raw["Options"][:1])
    option = before["options"][1]["id"]

    assert category.changed_fields(before, turned) == []
    assert category.fingerprint(before) == category.fingerprint(turned)
    assert category.changed_fields(before, shorter) == [f"/options/{option}"]


def test_category_read_alone_keeps_its_archived_options() -> None:
    """Xero shows them in lists alone, so an answer without them takes none away."""
    category = resource("tracking_category")
    raw = wire("tracking_category", "regions")
    known = finished(category, record_of("tracking_category", "regions"), version=2)
    alone = normalized("tracking_category", "regions", read=Read.SINGLE, Options=raw["Options"][:1])
    record = category.overlay(known, alone)

    assert record["options"] == known["options"]
    assert record["completeness"] == "full"


@pytest.mark.parametrize(
    ("name", "pair"),
    [("account", "revenue"), ("tax_rate", "sales"), ("item", "tracked"),
     ("tracking_category", "regions")],
)  # fmt: skip
def test_missing_things_are_deleted_ones(name: str, pair: str) -> None:
    """They vanish from their lists; and are whole again when they come back."""
    kind = resource(name)
    seen = normalized(name, pair, read=Read.UNPAGED)
    gone = kind.missing(finished(kind, seen.record))

    assert (gone["status"], gone["is_deleted"], gone["deletion_kind"]) == (
        "deleted",
        True,
        "missing",
    )
    back = kind.overlay(gone, seen)
    assert (back["status"], back["is_deleted"], back["deletion_kind"]) == ("active", False, None)


def test_deleted_status_is_a_removal() -> None:
    """Where Xero keeps showing what was deleted."""
    for name, pair in (("account", "revenue"), ("tax_rate", "sales")):
        record = record_of(name, pair, Status="DELETED")
        assert resource(name).removal(record) == "deleted"
    assert resource("currency").permanent


def test_writes_take_what_xero_takes() -> None:
    """Status goes alone, tracked items name a cost account, prices keep their digits."""
    account, item = resource("account"), resource("item")
    whole = account.denormalize(record_of("account", "revenue"))
    alone = account.denormalize({"remote_id": whole["AccountID"], "status": "archived"})
    tracked = item.denormalize(record_of("item", "tracked"))
    plain = item.denormalize(
        normalized("item", "bought_in_yen", context=JP, read=Read.UNPAGED).record
    )

    assert "Status" not in whole
    assert whole["Type"] == "REVENUE"
    assert "CurrencyCode" not in whole
    assert alone == {"AccountID": whole["AccountID"], "Status": "ARCHIVED"}
    assert tracked["PurchaseDetails"]["COGSAccountCode"] == "310"
    assert tracked["SalesDetails"]["UnitPrice"] == "5000.125"
    assert plain["PurchaseDetails"] == {
        "UnitPrice": "4200",
        "AccountCode": "461",
        "TaxType": "INPUT",
    }
    card = normalized("account", "foreign_credit_card").record
    assert account.denormalize(card)["Type"] == "BANK"
    assert account.denormalize(card)["CurrencyCode"] == "AUD"
    category = resource("tracking_category").denormalize(record_of("tracking_category", "regions"))
    assert category.keys() == {"TrackingCategoryID", "Status", "Name"}
    assert resource("currency").denormalize(record_of("currency", "base")) == {"Code": "NZD"}
