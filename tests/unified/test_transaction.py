"""Bank transactions and transfers: what they are, what stays known of them, the way to Xero."""

from typing import Any

import pytest

from tests.unified.books import JP, NZ, US, finished, normalized, wire
from unified.resource import DenormalizeError, NormalizeError, TenantContext
from unified.resources.transaction import BANK_TRANSACTION, BANK_TRANSFER
from unified.shape import Read

SIDE = "a3eca480-bc04-4292-9bbd-5c57b8ba12b4"
BANK = {"id": None, "remote_id": None, "code": "090"}
SAVINGS = {"id": None, "remote_id": "7e5e243b-9fcd-4aef-8e3a-c70be1e39bfa"}

Json = dict[str, Any]


def spent(**changes: Any) -> Json:
    """The record of money spent, with some of Xero's keys changed."""
    return normalized("transaction", "spent_with_tax_inside", **changes).record


def moved(context: TenantContext = NZ, read: Read = Read.UNPAGED, **changes: Any) -> Json:
    """The record of a transfer, with some of Xero's keys changed."""
    return normalized(
        "transaction", "transfer_between_accounts", context=context, read=read, **changes
    ).record


@pytest.mark.parametrize(
    ("remote", "kind", "direction", "is_leg"),
    [
        ("SPEND", "spend", "outbound", False),
        ("RECEIVE", "receive", "inbound", False),
        ("SPEND-PREPAYMENT", "spend_prepayment", "outbound", False),
        ("RECEIVE-PREPAYMENT", "receive_prepayment", "inbound", False),
        ("SPEND-OVERPAYMENT", "spend_overpayment", "outbound", False),
        ("RECEIVE-OVERPAYMENT", "receive_overpayment", "inbound", False),
        ("SPEND-TRANSFER", "transfer", "outbound", True),
        ("receive-transfer", "transfer", "inbound", True),
        ("SPEND-CRYPTO", "unknown", "unknown", False),
        (..., None, None, False),
    ],
)
def test_type_says_which_way_money_went_and_whether_it_is_a_side(
    remote: Any, kind: str | None, direction: str | None, is_leg: bool
) -> None:
    """Whoever adds up money leaves out the sides of transfers, or the transfers."""
    record = spent(Type=remote)

    assert (record["type"], record["direction"], record["is_leg"]) == (kind, direction, is_leg)
    assert record["remote_type"] == ("SPEND-CRYPTO" if kind == "unknown" else None)


def test_transfer_leads_to_its_sides_and_they_are_records_apart() -> None:
    """One id for the transfer, one for each side, all of one resource."""
    transfer = moved()
    side = normalized("transaction", "side_of_a_transfer_in_yen", context=NZ).record

    assert transfer["legs"][0]["ref"] == {"id": side["id"], "remote_id": SIDE}
    assert (transfer["is_leg"], side["is_leg"]) == (False, True)
    assert (transfer["direction"], side["direction"]) == ("internal", "outbound")


@pytest.mark.parametrize(
    ("rate", "currency", "base_total"),
    [(..., "NZD", "20.00"), (1.000000, "NZD", "20.00"), (1.6, None, "12.50")],
)
def test_rate_says_whether_a_transfer_is_in_base_currency(
    rate: Any, currency: str | None, base_total: str
) -> None:
    """It names no currency: at a rate other than 1 nobody knows which one it is."""
    record = moved(CurrencyRate=rate)

    assert (record["currency"], record["total_base"]) == (currency, base_total)


def test_currency_that_an_account_shows_is_the_transfers() -> None:
    """Xero's description lets it."""
    named = wire("transaction", "transfer_between_accounts")["FromBankAccount"]

    record = moved(FromBankAccount={**named, "CurrencyCode": "USD"}, CurrencyRate=0.8)

    assert (record["currency"], record["total_base"]) == ("USD", "25.00")


def test_list_without_the_rate_changes_nothing_that_a_single_read_told() -> None:
    """Lists leave out the rate: sweeping must neither forget it nor announce that."""
    single = normalized(
        "transaction", "transfer_between_accounts", read=Read.SINGLE, CurrencyRate=1.6
    )
    listed = normalized("transaction", "transfer_between_accounts", read=Read.UNPAGED)
    known = finished(BANK_TRANSFER, BANK_TRANSFER.overlay(None, single))

    after = BANK_TRANSFER.overlay(known, listed)

    assert (after["currency"], after["provider_exchange_rate"]) == (None, "1.6")
    assert BANK_TRANSFER.fingerprint(known) == BANK_TRANSFER.fingerprint(after)


def test_paged_list_without_the_rate_keeps_that_of_a_bank_transaction() -> None:
    """Published lists of bank transactions have none; base amounts must not vanish."""
    single = normalized("transaction", "foreign_overpayment_received", read=Read.SINGLE)
    listed = normalized("transaction", "foreign_overpayment_received", CurrencyRate=...)
    known = finished(BANK_TRANSACTION, BANK_TRANSACTION.overlay(None, single))

    after = BANK_TRANSACTION.overlay(known, listed)

    assert (after["provider_exchange_rate"], after["total_base"]) == ("0.64", "50.00")
    assert BANK_TRANSACTION.fingerprint(known) == BANK_TRANSACTION.fingerprint(after)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("FromBankAccount", {"AccountID": SAVINGS["remote_id"], "Name": "Renamed"}),
        ("ToBankAccount", {"AccountID": SAVINGS["remote_id"], "Code": "091"}),
    ],
)
def test_names_of_accounts_are_no_content_of_a_transfer(name: str, changes: Json) -> None:
    """Single reads show codes, lists do not; accounts are renamed."""
    same = {**wire("transaction", "transfer_between_accounts")[name], **changes}
    same["AccountID"] = wire("transaction", "transfer_between_accounts")[name]["AccountID"]
    change: Json = {name: same}

    assert BANK_TRANSFER.fingerprint(moved()) == BANK_TRANSFER.fingerprint(moved(**change))
    assert BANK_TRANSFER.changed_fields(moved(), moved(**change)) == []


def test_a_side_matched_with_a_statement_is_a_change_of_the_transfer() -> None:
    """Both flags are kept, and it is reconciled once both are."""
    both = moved(ToIsReconciled=True)

    assert BANK_TRANSFER.changed_fields(moved(), both) == [
        "/is_reconciled",
        "/legs/1/is_reconciled",
    ]
    assert BANK_TRANSFER.facts(moved(), both) == ["transaction.reconciled"]
    assert moved(FromIsReconciled=...)["is_reconciled"] is None


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ({}, {"Status": "DELETED"}, ["transaction.deleted"]),
        ({}, {"Status": "VOIDED"}, ["transaction.voided"]),
        ({"Status": "DELETED"}, {"Status": "DELETED", "Reference": "x"}, []),
        ({}, {"IsReconciled": True}, ["transaction.reconciled"]),
        ({"IsReconciled": True}, {}, ["transaction.unreconciled"]),
        ({"IsReconciled": True}, {"IsReconciled": ...}, []),
        ({}, {"Reference": "x"}, []),
    ],
)
def test_facts_say_what_happened(before: Json, after: Json, facts: list[str]) -> None:
    """A void one must not look active, nor a deleted one merely changed."""
    assert facts == BANK_TRANSACTION.facts(spent(**before), spent(**after))
    assert spent(Status="VOIDED")["is_deleted"] is False
    assert spent(Status="DELETED")["deletion_kind"] == "deleted"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"FromBankAccount": "x"}, "FromBankAccount"),
        ({"ToBankTransactionID": 5}, "ToBankTransactionID"),
        ({"FromIsReconciled": "perhaps"}, "FromIsReconciled"),
        ({"ToTracking": "x"}, "ToTracking"),
        ({"Amount": "1,000"}, "Amount"),
    ],
)
def test_what_cannot_be_read_says_where(changes: Json, path: str) -> None:
    """A poison transfer is buried with the way to what is wrong with it."""
    with pytest.raises(NormalizeError) as caught:
        moved(**changes)

    assert path in caught.value.path


def wanted(**changes: Any) -> Json:
    """Money that a caller wants to have spent."""
    return {
        "type": "spend",
        "status": "posted",
        "date": "2026-11-03",
        "contact": {"id": None, "remote_id": SIDE},
        "account": BANK,
        "currency": "NZD",
        "base_currency": "NZD",
        "line_items": [{"description": "Rent", "unit_price": "10.00", "account": BANK}],
        **changes,
    }


def test_new_bank_transaction_in_xeros_words() -> None:
    """Its currency is its account's, so only an overpayment sends one."""
    assert BANK_TRANSACTION.denormalize(wanted(source_url="https://x.example")) == {
        "Status": "AUTHORISED",
        "Type": "SPEND",
        "Date": "2026-11-03",
        "Contact": {"ContactID": SIDE},
        "BankAccount": {"Code": "090"},
        "LineItems": [{"Description": "Rent", "UnitAmount": "10.00", "AccountCode": "090"}],
        "Url": "https://x.example",
    }
    foreign = wanted(type="spend_overpayment", currency="USD", exchange_rate_to_base="1.6")
    assert BANK_TRANSACTION.denormalize(foreign)["CurrencyCode"] == "USD"


def test_deletion_says_nothing_but_the_status() -> None:
    """Of bank transactions and transfers alike."""
    gone = wanted(remote_id=SIDE, status="deleted")

    assert BANK_TRANSACTION.denormalize(gone) == {"BankTransactionID": SIDE, "Status": "DELETED"}
    assert BANK_TRANSFER.denormalize({"remote_id": SIDE, "status": "deleted"}) == {
        "BankTransferID": SIDE,
        "Status": "DELETED",
    }


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"type": "transfer"}, "/type"),
        ({"type": None}, "/type"),
        ({"contact": None}, "/contact"),
        ({"account": None}, "/account"),
        ({"line_items": []}, "/line_items"),
        ({"remote_id": SIDE, "is_reconciled": True}, "/is_reconciled"),
    ],
)
def test_bank_transactions_that_xero_would_refuse_are_not_sent(changes: Json, path: str) -> None:
    """With the way to what is wrong."""
    with pytest.raises(DenormalizeError) as caught:
        BANK_TRANSACTION.denormalize(wanted(**changes))

    assert path == caught.value.path


def test_new_transfer_in_xeros_words() -> None:
    """Tracking goes by ids alone, and what Xero only tells is not sent."""
    chosen = {
        "category": {"id": None, "remote_id": "c", "name": "Region"},
        "option": {"id": None, "remote_id": "o", "name": "North"},
    }
    sent = {
        "account": BANK,
        "counter_account": SAVINGS,
        "total": "20.00",
        "date": "2026-11-03",
        "reference": "Savings",
        "currency": "USD",
        "base_currency": "NZD",
        "exchange_rate_to_base": "1.6",
        "legs": [{"direction": "inbound", "is_reconciled": True, "tracking": [chosen]}],
    }

    assert BANK_TRANSFER.denormalize(sent) == {
        "FromBankAccount": {"Code": "090"},
        "ToBankAccount": {"AccountID": SAVINGS["remote_id"]},
        "Amount": "20.00",
        "Date": "2026-11-03",
        "Reference": "Savings",
        "ToIsReconciled": True,
        "ToTracking": [{"TrackingCategoryID": "c", "TrackingOptionID": "o"}],
    }
    assert "FromTracking" not in BANK_TRANSFER.denormalize({**sent, "legs": None})


@pytest.mark.parametrize(
    ("record", "path"),
    [
        ({"remote_id": SIDE, "status": "posted"}, "/status"),
        ({"account": BANK, "total": "1.00"}, "/counter_account"),
        ({"counter_account": BANK, "total": "1.00"}, "/account"),
        ({"account": BANK, "counter_account": SAVINGS}, "/total"),
    ],
)
def test_transfers_that_xero_would_refuse_are_not_sent(record: Json, path: str) -> None:
    """A known one can be deleted, and nothing else."""
    with pytest.raises(DenormalizeError) as caught:
        BANK_TRANSFER.denormalize(record)

    assert path == caught.value.path


def test_amounts_have_the_digits_of_their_currency() -> None:
    """Yen have none, also where the organisation's own are implied."""
    assert moved(context=JP)["total"] == "20"
    assert moved(context=US)["total"] == "20.00"
    assert spent(CurrencyCode="JPY", Total=5000)["total"] == "5000"
