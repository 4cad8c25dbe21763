"""Invoices and bills: arithmetic, numbers, status moves, edits, and what refuses them."""

from decimal import Decimal
from typing import Any

import pytest

from simulator.books import Tenant
from simulator.model import Invoice
from simulator.refusals import Refused
from tests.simulator.callers import Caller, TurnedClock
from tests.simulator.conftest import Link

LINE = {"Description": "Work", "Quantity": 2, "UnitAmount": "50.00", "AccountCode": "200"}


def tenant_of(caller: Caller) -> Tenant:
    """The organisation the caller is linked to (New Zealand: 15 % GST)."""
    return caller.running.books.tenant(caller.tenant_id)


def sale(tenant: Tenant, **wishes: Any) -> Invoice:
    """An approved sales invoice of 115.00 for a contact of its own."""
    element = {
        "Type": "ACCREC",
        "Status": "AUTHORISED",
        "Contact": {"Name": "Ada"},
        "DueDate": "2026-03-20",
        "LineItems": [LINE],
    }
    return tenant.create_invoice({**element, **wishes})


def body(**wishes: Any) -> dict[str, Any]:
    """The same as a request's element."""
    return {
        "Type": "ACCREC",
        "Contact": {"Name": "Ada"},
        "DueDate": "2026-03-20",
        "LineItems": [LINE],
        **wishes,
    }


@pytest.mark.parametrize(
    ("kind", "sub", "tax", "total"),
    [
        ("Exclusive", "100.00", "15.00", "115.00"),
        ("Inclusive", "86.96", "13.04", "100.00"),
        ("NoTax", "100.00", "0.00", "100.00"),
    ],
)
@pytest.mark.behaviour(
    "Invoices and bills",
    "tax is on top, contained, or none, by LineAmountTypes",
)
async def test_totals_by_line_amount_types(
    link: Link, kind: str, sub: str, tax: str, total: str
) -> None:
    """Tax on top, contained, or none."""
    made = sale(tenant_of(await link()), LineAmountTypes=kind)

    assert (str(made.sub_total), str(made.total_tax), str(made.total)) == (sub, tax, total)


@pytest.mark.behaviour("Invoices and bills", "tax is rounded per line, then summed")
async def test_tax_is_rounded_per_line_then_summed(link: Link) -> None:
    """Three lines of 0.10 at 15 % are 0.06 of tax (3 x 0.02), not 0.05."""
    line = {"Description": "x", "Quantity": 1, "UnitAmount": "0.10", "AccountCode": "200"}

    made = sale(tenant_of(await link()), LineItems=[line] * 3)

    assert made.total_tax == Decimal("0.06")


@pytest.mark.behaviour(
    "Lines and tracking",
    "discounts lower lines and are summed in TotalDiscount",
)
async def test_discounts_lower_lines_and_are_summed(link: Link) -> None:
    """TotalDiscount and IsDiscounted appear."""
    caller = await link()
    lines = [{**LINE, "DiscountRate": 10}, {**LINE, "DiscountAmount": "5.55"}]
    made = sale(tenant_of(caller), LineItems=lines)

    (one,) = (await caller.get(f"Invoices/{made.id}")).json()["Invoices"]

    assert [line["LineAmount"] for line in one["LineItems"]] == [90.00, 94.45]
    assert (one["TotalDiscount"], one["IsDiscounted"]) == (15.55, True)


@pytest.mark.behaviour(
    "Lines and tracking",
    "unit amounts keep four decimals on writes with unitdp=4 alone",
)
async def test_unitdp_on_writes_keeps_four_decimals(link: Link) -> None:
    """Without it a price of 0.3333 is rounded before it is multiplied."""
    caller = await link()
    line = {"Description": "x", "Quantity": 100, "UnitAmount": 0.3333, "AccountCode": "200"}
    element = body(LineItems=[line])

    two = (await caller.put("Invoices", element)).json()["Invoices"][0]
    four = (await caller.put("Invoices?unitdp=4", element)).json()["Invoices"][0]

    assert (two["SubTotal"], four["SubTotal"]) == (33.00, 33.33)


@pytest.mark.behaviour(
    "Refusals",
    "a validation error names the element and its sentences (ErrorNumber 10)",
)
async def test_wrong_line_total_is_refused_in_xeros_shape(link: Link) -> None:
    """ErrorNumber 10, the sent element and its ValidationErrors."""
    caller = await link()

    answer = await caller.put(
        "Invoices", {"Invoices": [body(LineItems=[{**LINE, "LineAmount": 7}])]}
    )

    error = answer.json()
    assert answer.status_code == 400
    assert (error["ErrorNumber"], error["Type"]) == (10, "ValidationException")
    assert error["Elements"][0]["Contact"] == {"Name": "Ada"}
    assert "does not match" in error["Elements"][0]["ValidationErrors"][0]["Message"]


@pytest.mark.behaviour("Currencies", "CurrencyRate is document currency for one unit of base")
async def test_foreign_currency_gets_a_rate(link: Link) -> None:
    """CurrencyRate is document currency for one unit of base."""
    made = sale(tenant_of(await link()), CurrencyCode="USD")

    assert abs(made.rate - Decimal("0.59")) < Decimal("0.013")


@pytest.mark.behaviour(
    "Invoices and bills",
    "sales numbers are given and unique; numbers of bills may repeat",
)
async def test_numbers_are_given_and_unique_for_sales_only(link: Link) -> None:
    """A bill's number is the supplier's and may repeat; a voided number is free again."""
    tenant = tenant_of(await link())
    first, second = sale(tenant), sale(tenant)
    bill = {"Type": "ACCPAY", "InvoiceNumber": "A-1", "LineItems": [{**LINE, "AccountCode": "400"}]}

    sale(tenant, **bill)
    sale(tenant, **bill)
    with pytest.raises(Refused, match="must be unique"):
        sale(tenant, InvoiceNumber=first.number)
    tenant.void(first.id)
    again = sale(tenant, InvoiceNumber=first.number)

    assert (first.number, second.number, again.number) == ("INV-0001", "INV-0002", "INV-0001")


@pytest.mark.behaviour("Writes", "POST updates what its id or number names; PUT only creates")
async def test_post_with_a_known_number_updates(link: Link) -> None:
    """POST creates or updates; PUT creates only."""
    caller = await link()
    made = sale(tenant_of(caller))

    posted = await caller.post("Invoices", body(InvoiceNumber=made.number, Reference="R"))
    put = await caller.put("Invoices", body(InvoiceNumber=made.number))

    assert posted.json()["Invoices"][0]["InvoiceID"] == made.id
    assert made.reference == "R"
    assert put.status_code == 400


@pytest.mark.behaviour(
    "Lines and tracking",
    "sent lines replace: unknown ids are made anew, lines not sent are gone",
)
async def test_lines_replace_and_known_ids_stay(link: Link) -> None:
    """A line sent without its id is made anew; one not sent is gone."""
    tenant = tenant_of(await link())
    made = sale(tenant, LineItems=[LINE, LINE])
    kept, gone = (line.id for line in made.lines)

    tenant.update_invoice(made.id, LineItems=[{**LINE, "LineItemID": kept, "Quantity": 3}, LINE])

    assert made.lines[0].id == kept
    assert gone not in {line.id for line in made.lines}
    assert made.sub_total == Decimal("250.00")


@pytest.mark.behaviour("Writes", "what a head update does not send stays")
async def test_head_updates_are_sparse(link: Link) -> None:
    """What is not sent stays, lines included."""
    caller = await link()
    made = sale(tenant_of(caller))

    await caller.post(f"Invoices/{made.id}", {"InvoiceID": made.id, "Reference": "new"})

    assert (made.reference, made.total, len(made.lines)) == ("new", Decimal("115.00"), 1)


@pytest.mark.parametrize(
    ("path", "good"),
    [
        (["SUBMITTED", "DRAFT", "AUTHORISED", "VOIDED"], True),
        (["DELETED"], True),
        (["VOIDED"], False),
        (["AUTHORISED", "DRAFT"], False),
        (["AUTHORISED", "DELETED"], False),
        (["DELETED", "DRAFT"], False),
        (["PAID"], False),
    ],
)
@pytest.mark.behaviour("Invoices and bills", "documents move along Xero's status arrows only")
async def test_status_moves(link: Link, path: list[str], good: bool) -> None:
    """From DRAFT only along Xero's arrows."""
    tenant = tenant_of(await link())
    made = sale(tenant, Status="DRAFT")

    def walk() -> str:
        for status in path:
            tenant.update_invoice(made.id, Status=status)
        return made.status

    if good:
        assert walk() == path[-1]
    else:
        with pytest.raises(Refused):
            walk()


@pytest.mark.behaviour("Invoices and bills", "a voided document owes nothing and keeps its total")
async def test_voiding_zeroes_what_is_due_and_keeps_the_total(link: Link) -> None:
    """AmountDue is 0 while Total stays."""
    tenant = tenant_of(await link())
    made = sale(tenant)

    tenant.void(made.id)

    assert (made.amount_due, made.total) == (Decimal("0.00"), Decimal("115.00"))


@pytest.mark.behaviour(
    "Invoices and bills",
    "approval needs a due date, lines and accounts; drafts may lack them",
)
async def test_approval_needs_due_date_lines_and_accounts(link: Link) -> None:
    """Drafts may be incomplete."""
    tenant = tenant_of(await link())
    sale(tenant, Status="DRAFT", DueDate=None, LineItems=[])

    incomplete: tuple[dict[str, Any], ...] = (
        {"DueDate": None},
        {"LineItems": []},
        {"LineItems": [{"Description": "x"}]},
    )
    for wishes in incomplete:
        with pytest.raises(Refused):
            sale(tenant, **wishes)


@pytest.mark.behaviour("Invoices and bills", "the due date follows the contact's payment terms")
async def test_due_date_follows_the_contacts_terms(link: Link) -> None:
    """The 20th of the following month."""
    tenant = tenant_of(await link())
    terms = {"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}}
    contact = tenant.create_contact(Name="Ada", PaymentTerms=terms)

    made = sale(tenant, Contact={"ContactID": contact.id}, Date="2026-03-10", DueDate=None)

    assert str(made.due_date) == "2026-04-20"


@pytest.mark.behaviour(
    "Invoices and bills",
    "paid documents take new labels, no new amounts, dates or currency",
)
async def test_paid_documents_allow_labels_only(link: Link) -> None:
    """Amounts, dates and currency are frozen; reference and descriptions are not."""
    tenant = tenant_of(await link())
    made = sale(tenant)
    tenant.pay(made.id, "15.00")
    line = made.lines[0]

    tenant.update_invoice(made.id, Reference="ok")
    tenant.update_invoice(
        made.id, LineItems=[{"LineItemID": line.id, "Description": "better", "AccountCode": "260"}]
    )
    for wishes in ({"Date": "2026-03-01"}, {"LineItems": [LINE]}, {"CurrencyCode": "USD"}):
        with pytest.raises(Refused):
            tenant.update_invoice(made.id, **wishes)

    assert (made.reference, made.lines[0].description) == ("ok", "better")
    assert made.total == Decimal("115.00")


@pytest.mark.behaviour(
    "Invoices and bills",
    "a new due date on a part-paid document does not move UpdatedDateUTC",
)
async def test_due_date_of_a_part_paid_document_is_not_stamped(
    link: Link, clock: TurnedClock
) -> None:
    """One of the changes Xero leaves out of UpdatedDateUTC."""
    tenant = tenant_of(await link())
    made = sale(tenant)
    tenant.pay(made.id, "15.00")
    stamp = made.updated_ms
    clock.turn(minutes=1)

    tenant.update_invoice(made.id, DueDate="2026-05-01")
    unstamped = made.updated_ms
    tenant.update_invoice(made.id, Reference="R")

    assert str(made.due_date) == "2026-05-01"
    assert (unstamped, made.updated_ms > stamp) == (stamp, True)


@pytest.mark.behaviour("Refusals", "nothing dated on or before a lock date is written")
async def test_locked_periods_refuse_writes(link: Link) -> None:
    """Dated on or before a lock date, nothing moves."""
    caller = await link()
    tenant = tenant_of(caller)
    made = sale(tenant, Date="2026-01-31")
    await caller.control(f"tenants/{tenant.id}/lock", {"period": "2026-01-31"})

    with pytest.raises(Refused):
        tenant.void(made.id)
    with pytest.raises(Refused):
        sale(tenant, Date="2026-01-15")
    (one,) = (await caller.get("Organisation")).json()["Organisations"]

    assert one["PeriodLockDate"] == "/Date(1769817600000+0000)/"


@pytest.mark.behaviour("Refusals", "a refused update leaves no trace")
async def test_refused_changes_leave_no_trace(link: Link) -> None:
    """Half of an update must not stick."""
    tenant = tenant_of(await link())
    made = sale(tenant)
    before = (made.reference, made.revision, made.updated_ms)

    with pytest.raises(Refused):
        tenant.update_invoice(made.id, Reference="new", LineItems=[{**LINE, "TaxType": "BAD"}])

    assert (made.reference, made.revision, made.updated_ms) == before
    with pytest.raises(Refused):
        sale(tenant, Contact={"Name": "Nobody"}, LineItems=[{**LINE, "TaxType": "BAD"}])
    assert "nobody" not in tenant.ledger.contact_names


@pytest.mark.behaviour("Writes", "summarizeErrors=false answers 200 with the fate of each element")
async def test_batches_stop_or_go_on_by_summarize_errors(link: Link) -> None:
    """With summarizeErrors=false each element tells its own fate, and the call is 200."""
    caller = await link()
    batch = {"Invoices": [body(), body(Type="NOPE"), body()]}

    stopped = await caller.put("Invoices", batch)
    went_on = await caller.put("Invoices?summarizeErrors=false", batch)

    assert stopped.status_code == 400
    assert went_on.status_code == 200
    assert [one["StatusAttributeString"] for one in went_on.json()["Invoices"]] == [
        "OK", "ERROR", "OK"
    ]  # fmt: skip


@pytest.mark.behaviour(
    "Invoices and bills",
    "a rounding of up to ten cents is kept when all totals are given",
)
async def test_rounding_amount_is_kept_when_all_totals_are_given(link: Link) -> None:
    """Up to ten cents, on submitted or authorised documents."""
    tenant = tenant_of(await link())
    given = {"SubTotal": 100, "TotalTax": 15, "Total": "115.04"}

    made = sale(tenant, **given)

    assert (made.rounding, made.total) == (Decimal("0.04"), Decimal("115.04"))
    with pytest.raises(Refused):
        sale(tenant, Total="116.00")


@pytest.mark.behaviour("Invoices and bills", "more than an id inside Contact edits the contact")
async def test_contact_is_made_or_edited_through_a_document(link: Link) -> None:
    """More than an id inside Contact edits it and drops persons that are not sent."""
    tenant = tenant_of(await link())
    contact = tenant.create_contact(Name="Bo", ContactPersons=[{"FirstName": "Cy"}])

    made = sale(tenant)
    sale(tenant, Contact={"ContactID": contact.id})
    persons = contact.fields["ContactPersons"]
    sale(tenant, Contact={"ContactID": contact.id, "EmailAddress": "bo@example.com"})

    assert tenant.contact(made.contact_id).name == "Ada"
    assert len(persons) == 1
    assert contact.fields["ContactPersons"] == []
    assert contact.fields["EmailAddress"] == "bo@example.com"


@pytest.mark.behaviour("Lists", "two changes of one record never carry the same UpdatedDateUTC")
async def test_stamps_of_a_record_are_never_equal(link: Link) -> None:
    """Two changes within a millisecond still differ, and time does not go back."""
    tenant = tenant_of(await link())
    made = sale(tenant)
    stamps = [made.updated_ms]
    for number in range(5):
        tenant.update_invoice(made.id, Reference=str(number))
        stamps.append(made.updated_ms)

    assert stamps == sorted(set(stamps))
