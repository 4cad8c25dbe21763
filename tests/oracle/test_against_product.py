"""Two answers worked out apart agree: the product's rules and the oracle's, over lively books.

Books of the simulator go through the product's pure functions (normalizing, the envelope,
payment status) with nothing in between, so that a difference here is one of rules, not of
transport. Storage, broker and the order of things are proved elsewhere.
"""

import random
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from crm.kit import Change, Key, Version
from crm.rebuild import computed
from crm.states import State
from crm.topics import crm_topics
from oracle.judge import Verdict, examine
from oracle.report import report
from simulator.books import Books, Tenant
from simulator.business import Business
from simulator.config import SimulatorConfig, TenantSpec
from simulator.opening import open_books
from simulator.wire import compact
from tests.oracle.reading import normalized
from unified.envelope import build_event, event_headers, state_headers
from unified.ids import ConnectionId, TenantId
from unified.resource import Resource, TenantContext
from unified.resources import RESOURCES, resource
from unified.shape import Read
from unified.topics import contact_status_topic, events_topic, invoice_status_topic, state_topic

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
EPOCH = 1_763_780_400_000_000
CONNECTION = ConnectionId("5b3f1c7e-88aa-4b21-9e1f-0c4d2a6b7e10")
PARTITION = 3
ACTIONS = 300

Json = dict[str, Any]


def line(quantity: str, price: str, **fields: Any) -> Json:
    """A line as a caller sends it."""
    return {
        "Description": "Work",
        "Quantity": quantity,
        "UnitAmount": price,
        "AccountCode": "200",
        **fields,
    }


def lively(tenant: Tenant) -> None:
    """Documents of every status, mode and currency, and contacts in every state."""
    customer = tenant.create_contact(
        Name="Ridgeway",
        EmailAddress="a@ridgeway.example",
        BankAccountDetails="12-3456-7890123-00",
        Phones=[{"PhoneType": "MOBILE", "PhoneNumber": "5550199", "PhoneCountryCode": "64"}],
        Addresses=[{"AddressType": "POBOX", "City": "Wellington"}],
        ContactPersons=[{"FirstName": "Bo", "EmailAddress": "bo@ridgeway.example"}],
        PaymentTerms={"Sales": {"Day": 20, "Type": "DAYSAFTERBILLDATE"}},
        SalesDefaultAccountCode="200",
    )
    vendor = tenant.create_contact(Name="Boots")
    merged = tenant.create_contact(Name="Ridgeway Univ")
    idle = tenant.create_contact(Name="Nobody")
    for number, (mode, currency) in enumerate(
        [("Exclusive", "EUR"), ("Inclusive", "USD"), ("NoTax", tenant.ledger.country.currency)]
    ):
        for status, due in (
            ("DRAFT", "2026-11-01"),
            ("SUBMITTED", "2026-11-22"),
            ("AUTHORISED", "2026-11-21"),
            ("AUTHORISED", "2026-12-24"),
            ("AUTHORISED", "2026-11-22"),
        ):
            for type_, contact in (("ACCREC", customer), ("ACCPAY", vendor)):
                discount = {"DiscountRate": "7.5"} if type_ == "ACCREC" else {}
                tenant.create_invoice(
                    Type=type_,
                    Contact={"ContactID": (merged if number == 2 else contact).id},
                    LineAmountTypes=mode,
                    CurrencyCode=currency,
                    Date="2026-10-01",
                    DueDate=due,
                    Status=status,
                    LineItems=[line("3", "19.9900"), line("0.3333", "7.1234", **discount)],
                )
    held = list(tenant.ledger.invoices)
    approved = [one for one in held if one.status == "AUTHORISED"]
    tenant.pay(approved[0].id)
    tenant.pay(approved[1].id, "1.01")
    gone = tenant.pay(approved[2].id, "5.00")
    tenant.delete_payment(gone.id)
    tenant.void(approved[3].id)
    tenant.pay(approved[4].id, approved[4].amount_due - Decimal("0.01"))
    tenant.delete_draft(next(one for one in held if one.status == "DRAFT").id)
    banking_of(tenant, customer.id)
    credits_of(tenant, customer.id, "ACCREC")
    credits_of(tenant, vendor.id, "ACCPAY")
    tenant.merge_contacts(merged.id, customer.id)
    tenant.archive_contact(idle.id)


def banking_of(tenant: Tenant, contact: str) -> None:
    """Money at a bank in every mode and state, two transfers, two batches, four entries by hand."""
    for mode in ("Exclusive", "Inclusive", "NoTax"):
        for kind in ("SPEND", "RECEIVE"):
            made = tenant.bank(
                Type=kind,
                Contact={"ContactID": contact},
                LineAmountTypes=mode,
                Url="https://till.example/1",
                LineItems=[line("3", "19.9900"), line("0.3333", "7.1234")],
            )
            tenant.reconcile(made.id)
    moved, undone = tenant.transfer("12.34", Reference="Savings"), tenant.transfer("0.01")
    tenant.reconcile(moved.to_transaction_id)
    tenant.delete_transfer(undone.id)
    for type_ in ("ACCREC", "ACCPAY"):
        sold = [
            tenant.create_invoice(
                Type=type_,
                Contact={"ContactID": contact},
                CurrencyCode=currency,
                DueDate="2026-12-01",
                Status="AUTHORISED",
                LineItems=[line("1", "7.7700")],
            ).id
            for currency in ("EUR", tenant.ledger.country.currency)
        ]
        batch = tenant.pay_batch(sold, Reference="Run 7", Details="Run 7")
        if type_ == "ACCPAY":
            tenant.delete_batch(batch.id)
    for mode, end in (("NoTax", "DELETED"), ("Inclusive", "POSTED"), ("Exclusive", "DRAFT")):
        booked = tenant.create_journal(
            Narration=mode,
            LineAmountTypes=mode,
            JournalLines=[
                {"LineAmount": "80.00", "AccountCode": "429"},
                {"LineAmount": "-80.00", "AccountCode": "400"},
            ],
        )
        tenant.update_journal(booked.id, Status=end, Url="https://ledger.example/1")


def credits_of(tenant: Tenant, contact: str, type_: str) -> None:
    """Credits of each kind and state, in three currencies, applied and refunded on other days."""
    base = tenant.ledger.country.currency
    sold = [
        tenant.create_invoice(
            Type=type_,
            Contact={"ContactID": contact},
            CurrencyCode=currency,
            Date="2026-10-01",
            DueDate="2026-12-01",
            Status="AUTHORISED",
            LineItems=[line("1", "7.7700"), line("2", "3.3300")],
        )
        for currency in ("EUR", "USD", base)
    ]
    for invoice in sold:
        draft, void, used, refunded = (
            tenant.create_credit_note(
                Type=f"{type_}CREDIT",
                Contact={"ContactID": contact},
                CurrencyCode=invoice.currency,
                Date="2026-10-15",
                Status=status,
                LineItems=[line("1", "19.9900")],
            )
            for status in ("DRAFT", "AUTHORISED", "AUTHORISED", "AUTHORISED")
        )
        tenant.update_credit_note(draft.id, Status="DELETED")
        tenant.void_credit(void.id)
        tenant.allocate(used.id, invoice.id, "6.66")
        tenant.refund(used.id, "1.11", Date="2026-11-02", CurrencyRate="1.2345")
        tenant.delete_payment(tenant.refund(refunded.id).id)
        tenant.pay(invoice.id, "3.33", Date="2026-11-11", CurrencyRate="1.0101")
        tenant.delete_payment(tenant.pay(invoice.id, "1.00").id)
    for kind in ("PREPAYMENT", "OVERPAYMENT"):
        returned, withdrawn, applied = (
            tenant.bank(
                Type=f"{'RECEIVE' if type_ == 'ACCREC' else 'SPEND'}-{kind}",
                Contact={"ContactID": contact},
                Date="2026-09-30",
                LineItems=[line("1", "33.3300") if kind == "PREPAYMENT" else excess()],
            )
            for _ in range(3)
        )
        tenant.refund(str(returned.credit_id), "3.33")
        tenant.void_credit(str(withdrawn.credit_id))
        tenant.allocate(str(applied.credit_id), sold[-1].id, "0.50")


def excess() -> Json:
    """The one line of an overpayment, which has no account of its own."""
    return {"Description": "Paid too much", "LineAmount": "15.55"}


class Published:
    """What the product would hold and publish of books that it sees once."""

    def __init__(self) -> None:
        self.mirror: list[tuple[Any, ...]] = []
        self.events: list[tuple[Any, ...]] = []
        self.states: list[tuple[Any, ...]] = []
        self.invoice_statuses: list[tuple[Any, ...]] = []
        self.contact_statuses: list[tuple[Any, ...]] = []

    def absorb(self, tenant: Tenant, today: date) -> None:
        """Take one organisation's books in."""
        raw = tenant.raw()
        context = TenantContext(
            tenant_id=TenantId(tenant.id),
            connection_id=CONNECTION,
            base_currency=tenant.ledger.country.currency,
            short_code=raw["Organisation"]["ShortCode"],
            time_zone=tenant.ledger.country.iana_zone,
            business_date=today,
        )
        states: list[State] = []
        sources = {source.entity: source for source in crm_topics("x").sources}
        things = [
            (kind, one)
            for kind in RESOURCES
            for one in raw.get(kind.endpoint.path, ())
            if kind.name != "company_info"
        ]
        numbered = enumerate([(resource("company_info"), raw["Organisation"]), *things], start=1)
        for tenant_sequence, (kind, thing) in numbered:
            name = kind.name
            seen = normalized(kind, thing, context, fullest_read(kind))
            record = kind.finish(
                seen.record,
                first_seen_at=NOW,
                changed_at=NOW,
                verified_at=NOW,
                version=1,
                content_hash=kind.content_hash(seen.record),
                deleted_at=NOW if kind.removal(seen.record) else None,
            )
            event = build_event(
                resource=kind,
                tenant_id=tenant.id,
                tenant_name=tenant.name,
                connection_id=CONNECTION,
                op="r",
                before=None,
                after=record,
                epoch=EPOCH,
                sequence=1,
                tenant_sequence=tenant_sequence,
                cause={"kind": "backfill", "detected_by": "backfill", "coalesced": 1},
                received_at=None,
                detected_at=NOW,
                fetched_at=NOW,
                normalized_at=NOW,
            )
            headers = event_headers(event)
            key = f"{tenant.id}:{name}:{record['id']}".encode()
            self.mirror.append((tenant.id, name, seen.remote_id, record, 1, EPOCH))
            self._put(self.events, events_topic("x", kind), key, event, headers)
            self._put(self.states, state_topic("x", kind), key, record, state_headers(headers))
            if name in sources:
                change = Change(Key(tenant.id, name, record["id"]), Version(EPOCH, 1), record)
                states.append(sources[name].keep(change))
        self._payment_statuses(states)

    def _payment_statuses(self, states: list[State]) -> None:
        statuses = computed(states, NOW)
        for key, document in statuses.invoices.items():
            text = f"{key.tenant_id}:invoice:{key.entity_id}".encode()
            self._put(self.invoice_statuses, invoice_status_topic("x"), text, document)
        for key, document in statuses.contacts.items():
            text = f"{key.tenant_id}:contact:{key.entity_id}".encode()
            self._put(self.contact_statuses, contact_status_topic("x"), text, document)

    @staticmethod
    def _put(
        target: list[tuple[Any, ...]],
        topic: str,
        key: bytes,
        value: Json | None,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> None:
        target.append((topic, PARTITION, len(target), key, headers or [], value))


def fullest_read(kind: Resource) -> Read:
    """The kind of answer that tells most of a thing, as raw books do."""
    if kind.endpoint.offset_key:
        return Read.PAGED  # one alone lacks what its list says
    # Of lists in one piece nothing is read alone but to prove that it is gone.
    return Read.SINGLE if kind.endpoint.page_size or kind.endpoint.detail else Read.UNPAGED


def verdict_of(tenant: Tenant, today: date) -> Verdict:
    """One organisation's books through the product's rules, judged by their JSON."""
    published = Published()
    published.absorb(tenant, today)
    return examine(
        compact({"tenants": [tenant.raw()]}),
        published.mirror,
        published.events,
        published.states,
        published.invoice_statuses,
        published.contact_statuses,
        today={tenant.id: today},
    )


def verdict_on(currency: str, today: date) -> Verdict:
    """Lively books of one organisation, judged."""
    books = Books(SimulatorConfig(seed=7, payroll=True, old_employees=True), lambda: NOW)
    tenant = books.add(TenantSpec(currency=currency))
    lively(tenant)
    return verdict_of(tenant, today)


@pytest.mark.parametrize("currency", ["AUD", "NZD", "GBP", "USD", "ZAR"])
def test_product_and_oracle_agree_on_lively_books(currency: str) -> None:
    """Every status, tax mode, currency and kind of contact gives the same record twice."""
    verdict = verdict_on(currency, date(2026, 11, 22))

    assert report(verdict.differences) == "no difference"
    assert verdict.counts["things"] > 100


@pytest.mark.parametrize("day", [1, 20, 21, 23, 30])
def test_product_and_oracle_agree_on_every_day(day: int) -> None:
    """Timing is computed twice, on either side of every due date."""
    verdict = verdict_on("NZD", date(2026, 11, day))

    assert report(verdict.differences) == "no difference"


@pytest.mark.parametrize("seed", range(5))
def test_product_and_oracle_agree_on_played_books(seed: int) -> None:
    """The demo's own kind of books: a past, then some hundred random actions."""
    config = SimulatorConfig(seed=seed, payroll=True)
    books = Books(config, lambda: NOW)
    tenant = open_books(books, TenantSpec(), config.opening, str(seed))
    rng = random.Random(seed)  # noqa: S311  # play money
    business = Business(books, rng, stamped_only=False)
    for _ in range(ACTIONS):
        business.act(tenant.id)

    verdict = verdict_of(tenant, date(2026, 11, 22))

    assert report(verdict.differences) == "no difference"
    assert verdict.counts["things"] > 50
