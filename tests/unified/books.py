"""Invented books in Xero's wire format, for the tests of this package."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from unified.ids import ConnectionId, Parent, TenantId
from unified.resource import Normalized, Resource, TenantContext
from unified.resources import source_of
from unified.shape import Read

GOLDEN = Path(__file__).parent / "golden"
CONNECTION = "b87a2bd3-0f1e-4c8e-8a63-1c2f6c1d7e22"
TODAY = date(2026, 11, 3)
NOW = datetime(2026, 11, 3, 1, 2, 3, 4000, tzinfo=UTC)

NZ = TenantContext(
    tenant_id=TenantId("2f6c1d7e-9a53-4f0e-8a63-0b3a6a526a5c"),
    connection_id=ConnectionId(CONNECTION),
    base_currency="NZD",
    short_code="!mK9qT",
    time_zone="Pacific/Auckland",
    business_date=TODAY,
)
US = TenantContext(
    tenant_id=TenantId("7c0de1b2-11aa-4d53-9a77-5e6f70819203"),
    connection_id=ConnectionId(CONNECTION),
    base_currency="USD",
    time_zone="America/Chicago",
    business_date=TODAY,
)
JP = TenantContext(
    tenant_id=TenantId("9d9d2a10-5f57-4c33-b2ab-4c1d9e8f7a60"),
    connection_id=ConnectionId(CONNECTION),
    base_currency="JPY",
    business_date=TODAY,
)
INVOICED = Parent("invoice", "Invoices", "5b1f0a77-3c52-4e61-9f0a-6c2b8f0d1e11")
BEFRIENDED = Parent("contact", "Contacts", "d2f7c0de-9bc4-4be2-9b7e-2f0c5a1b3c4d")
MOVED = Parent("transaction", "BankTransfers", "9e107d9d-372b-4826-bd81-d3542a419d63")


def below(context: TenantContext, parent: Parent) -> TenantContext:
    """The same books, where one thing's parts are read."""
    return replace(context, parent=parent)


#: resource, name of the golden pair, whose books, kind of read
PAIRS = (
    ("invoice", "part_paid_with_credit_note", NZ, Read.PAGED),
    ("invoice", "foreign_bill", NZ, Read.PAGED),
    ("invoice", "inclusive_paid", NZ, Read.SINGLE),
    ("invoice", "us_sales_tax", US, Read.PAGED),
    ("invoice", "thin_deleted_yen", JP, Read.UNPAGED),
    ("invoice", "paid_in_euro_with_a_gain", NZ, Read.PAGED),
    ("invoice", "dollar_bill_paid_in_yen_with_a_loss", JP, Read.SINGLE),
    ("contact", "customer_and_vendor", NZ, Read.SINGLE),
    ("contact", "archived_and_merged", NZ, Read.PAGED),
    ("contact", "thin_from_unpaged_list", NZ, Read.UNPAGED),
    ("company_info", "new_zealand", NZ, Read.UNPAGED),
    ("company_info", "united_states", US, Read.UNPAGED),
    ("company_info", "words_of_tomorrow", JP, Read.UNPAGED),
    ("payment", "batched_receipt", NZ, Read.PAGED),
    ("payment", "foreign_bill_paid", NZ, Read.SINGLE),
    ("payment", "refund_of_a_credit_note", NZ, Read.PAGED),
    ("payment", "deleted_refund_from_a_supplier", NZ, Read.PAGED),
    ("payment", "refund_of_a_prepayment_in_yen", NZ, Read.PAGED),
    ("payment", "refund_of_an_overpayment", NZ, Read.PAGED),
    ("payment", "prepayment_returned_by_a_supplier", US, Read.SINGLE),
    ("payment", "overpayment_returned_by_a_supplier", JP, Read.PAGED),
    ("payment", "words_of_tomorrow", NZ, Read.PAGED),
    ("credit_note", "part_allocated_and_refunded", NZ, Read.SINGLE),
    ("credit_note", "foreign_used_up", NZ, Read.PAGED),
    ("credit_note", "draft_in_a_thin_list", NZ, Read.UNPAGED),
    ("credit_note", "submitted", US, Read.PAGED),
    ("credit_note", "void_keeps_its_remaining_credit", NZ, Read.PAGED),
    ("credit_note", "deleted_in_yen", JP, Read.PAGED),
    ("prepayment", "received_in_yen", NZ, Read.SINGLE),
    ("prepayment", "spent_and_used_up", US, Read.PAGED),
    ("prepayment", "void_without_its_rate", NZ, Read.PAGED),
    ("overpayment", "received_part_allocated", NZ, Read.PAGED),
    ("overpayment", "spent_and_paid_back", JP, Read.SINGLE),
    ("overpayment", "void_keeps_its_remaining_credit", NZ, Read.PAGED),
    ("account", "revenue", NZ, Read.UNPAGED),
    ("account", "foreign_credit_card", NZ, Read.SINGLE),
    ("account", "system_debtors", US, Read.UNPAGED),
    ("account", "words_of_tomorrow", JP, Read.UNPAGED),
    ("tax_rate", "sales", NZ, Read.UNPAGED),
    ("tax_rate", "compound_purchases", NZ, Read.SINGLE),
    ("tax_rate", "none", US, Read.UNPAGED),
    ("tax_rate", "words_of_tomorrow", JP, Read.UNPAGED),
    ("item", "tracked", NZ, Read.UNPAGED),
    ("item", "service_only_sold", US, Read.SINGLE),
    ("item", "bought_in_yen", JP, Read.UNPAGED),
    ("tracking_category", "regions", NZ, Read.UNPAGED),
    ("tracking_category", "archived_and_empty", US, Read.SINGLE),
    ("tracking_category", "words_of_tomorrow", JP, Read.UNPAGED),
    ("attachment", "shown_with_an_invoice", below(NZ, INVOICED), Read.SINGLE),
    ("attachment", "of_a_contact", below(US, BEFRIENDED), Read.SINGLE),
    ("attachment", "of_a_bank_transfer", below(JP, MOVED), Read.SINGLE),
    ("user", "adviser_who_owns", NZ, Read.UNPAGED),
    ("user", "removed", US, Read.SINGLE),
    ("user", "words_of_tomorrow", JP, Read.UNPAGED),
    ("contact_group", "with_members", NZ, Read.SINGLE),
    ("contact_group", "named_in_a_list", US, Read.UNPAGED),
    ("contact_group", "deleted_and_empty", JP, Read.SINGLE),
    ("budget", "tracked_with_lines", NZ, Read.SINGLE),
    ("budget", "headed_in_a_list", US, Read.UNPAGED),
    ("budget", "words_of_tomorrow", JP, Read.SINGLE),
    ("employee", "australian_terminated", NZ, Read.PAGED),
    ("employee", "new_zealand_whose_time_ended", NZ, Read.PAGED),
    ("employee", "british_on_the_last_day", NZ, Read.PAGED),
    ("employee", "of_the_old_endpoint", US, Read.UNPAGED),
    ("employee", "old_and_deleted_in_words_of_tomorrow", JP, Read.SINGLE),
    ("transaction", "spent_with_tax_inside", NZ, Read.PAGED),
    ("transaction", "foreign_overpayment_received", NZ, Read.SINGLE),
    ("transaction", "side_of_a_transfer_in_yen", JP, Read.PAGED),
    ("transaction", "words_of_tomorrow", JP, Read.UNPAGED),
    ("transaction", "transfer_between_accounts", NZ, Read.UNPAGED),
    ("transaction", "deleted_transfer_of_another_currency", US, Read.SINGLE),
    ("batch_payment", "received_in_one_run", NZ, Read.UNPAGED),
    ("batch_payment", "bills_in_yen_paid_in_dollars", NZ, Read.SINGLE),
    ("batch_payment", "deleted_in_words_of_tomorrow", US, Read.UNPAGED),
    ("journal_entry", "posted_with_tax_inside", NZ, Read.PAGED),
    ("journal_entry", "draft_in_a_thin_list", JP, Read.UNPAGED),
    ("journal_entry", "void_with_tax_on_top", US, Read.SINGLE),
    ("journal_entry", "manual_words_of_tomorrow", JP, Read.PAGED),
    ("journal_entry", "booked_for_an_invoice", NZ, Read.PAGED),
    ("journal_entry", "booked_for_words_of_tomorrow", JP, Read.PAGED),
    ("report", "trial_balance", NZ, Read.SINGLE),
    ("report", "aged_receivables_with_a_credit", US, Read.SINGLE),
    ("report", "profit_and_loss_in_words_of_tomorrow", JP, Read.SINGLE),
    ("currency", "base", NZ, Read.UNPAGED),
    ("currency", "without_cents", NZ, Read.UNPAGED),
    ("currency", "three_digits", US, Read.UNPAGED),
    ("purchase_order", "late_delivery_in_dollars", NZ, Read.PAGED),
    ("purchase_order", "billed_in_yen", JP, Read.SINGLE),
    ("purchase_order", "words_of_tomorrow", US, Read.PAGED),
    ("quote", "sent_and_expired", NZ, Read.PAGED),
    ("quote", "accepted_in_euro", US, Read.SINGLE),
    ("quote", "words_of_tomorrow", JP, Read.PAGED),
    ("repeating_transaction", "monthly_invoices", NZ, Read.UNPAGED),
    ("repeating_transaction", "bills_due_today", US, Read.SINGLE),
    ("repeating_transaction", "deleted", JP, Read.UNPAGED),
    ("repeating_transaction", "words_of_tomorrow", NZ, Read.UNPAGED),
)

#: The endpoint that a pair is of, where its resource has several.
SOURCES = {
    "australian_terminated": "PayrollAU/Employees",
    "new_zealand_whose_time_ended": "PayrollNZ/Employees",
    "british_on_the_last_day": "PayrollUK/Employees",
    "of_the_old_endpoint": "Employees",
    "old_and_deleted_in_words_of_tomorrow": "Employees",
    "transfer_between_accounts": "BankTransfers",
    "deleted_transfer_of_another_currency": "BankTransfers",
    "booked_for_an_invoice": "Journals",
    "booked_for_words_of_tomorrow": "Journals",
    "trial_balance": "Reports/TrialBalance",
    "aged_receivables_with_a_credit": "Reports/AgedReceivablesByContact",
    "profit_and_loss_in_words_of_tomorrow": "Reports/ProfitAndLoss",
}

_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def source(resource: str, name: str) -> Resource:
    """The source of a golden pair."""
    return source_of(resource, SOURCES.get(name))


def wire(resource: str, name: str, **changes: Any) -> dict[str, Any]:
    """The Xero side of a golden pair, with some keys changed; a key changed to ... is left out."""
    path = GOLDEN / resource / f"{name}.xero.json"
    raw: dict[str, Any] = {**_DECODER.decode(path.read_bytes()), **changes}
    return {key: value for key, value in raw.items() if value is not ...}


def expected(resource: str, name: str) -> dict[str, Any]:
    """The unified side of a golden pair, as written by hand."""
    record: dict[str, Any] = msgspec.json.decode(
        (GOLDEN / resource / f"{name}.unified.json").read_bytes()
    )
    return record


def normalized(
    resource: str,
    name: str,
    *,
    context: TenantContext = NZ,
    read: Read = Read.PAGED,
    **changes: Any,
) -> Normalized:
    """What normalizing makes of a golden pair's Xero side."""
    return source(resource, name).normalize(wire(resource, name, **changes), context, read)


def invoice(**changes: Any) -> dict[str, Any]:
    """The record of a part-paid invoice, with some of Xero's keys changed."""
    return normalized("invoice", "part_paid_with_credit_note", **changes).record


def contact(**changes: Any) -> dict[str, Any]:
    """The record of a contact, with some of Xero's keys changed."""
    return normalized("contact", "customer_and_vendor", **changes).record


def finished(
    resource: Resource,
    record: dict[str, Any],
    *,
    version: int = 1,
    deleted_at: datetime | None = None,
) -> dict[str, Any]:
    """A record with everything that absorbing adds."""
    return resource.finish(
        record,
        first_seen_at=NOW,
        changed_at=NOW,
        verified_at=NOW,
        version=version,
        content_hash=resource.content_hash(record),
        deleted_at=deleted_at,
    )
