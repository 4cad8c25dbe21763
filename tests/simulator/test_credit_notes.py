"""Credit notes: numbers, status moves, what is left of them, edits, lists."""

from decimal import Decimal
from typing import Any

import pytest

from simulator.books import Tenant
from simulator.refusals import Refused
from tests.simulator.conftest import Link
from tests.simulator.money import LINE, note, sale, supplier_note

behaviour = pytest.mark.behaviour


def body(**wishes: Any) -> dict[str, Any]:
    """A request's element of a credit note."""
    return {"Type": "ACCRECCREDIT", "Contact": {"Name": "Ada"}, "LineItems": [LINE], **wishes}


@behaviour("Credit notes", "PUT makes a draft, numbered CN-0001 onwards for sales")
@behaviour(
    "Credit notes", "answers carry both the id and its twin ID, the rate and RemainingCredit"
)
async def test_creating_makes_a_draft_with_a_number(link: Link) -> None:
    """The whole credit remains, and no due date is needed."""
    caller = await link()

    answer = await caller.put("CreditNotes", {"CreditNotes": [body()]})

    (made,) = answer.json()["CreditNotes"]
    assert (made["Status"], made["CreditNoteNumber"]) == ("DRAFT", "CN-0001")
    assert made["ID"] == made["CreditNoteID"]
    assert (made["Total"], made["RemainingCredit"], made["CurrencyRate"]) == (115.0, 115.0, 1.0)
    assert (made["Allocations"], made["Payments"]) == ([], [])
    assert "DueDate" not in made


@behaviour("Credit notes", "numbers of sales credits are unique among the living, others are free")
def test_numbers_of_sales_are_unique_among_the_living(tenant: Tenant) -> None:
    """A voided note's number is free again; suppliers choose theirs."""
    first = note(tenant, CreditNoteNumber="R-1")
    with pytest.raises(Refused, match="unique"):
        note(tenant, CreditNoteNumber="r-1")

    tenant.void_credit(first.id)
    note(tenant, CreditNoteNumber="R-1")
    twice = [supplier_note(tenant, CreditNoteNumber="S-1").number for _ in range(2)]

    assert twice == ["S-1", "S-1"]


@behaviour("Credit notes", "statuses move as those of invoices do")
@pytest.mark.parametrize(
    ("start", "moves", "end"),
    [
        ("DRAFT", ["SUBMITTED", "DRAFT", "AUTHORISED", "VOIDED"], "VOIDED"),
        ("SUBMITTED", ["AUTHORISED"], "AUTHORISED"),
        ("DRAFT", ["DELETED"], "DELETED"),
        ("SUBMITTED", ["DELETED"], "DELETED"),
    ],
)
def test_status_moves(tenant: Tenant, start: str, moves: list[str], end: str) -> None:
    """Every allowed one."""
    made = note(tenant, Status=start)

    for status in moves:
        tenant.update_credit_note(made.id, Status=status)

    assert made.status == end


@behaviour(
    "Credit notes", "an approved note cannot be deleted, a draft not voided, an end not left"
)
@pytest.mark.parametrize(
    ("held", "wished"),
    [
        ("AUTHORISED", "DELETED"),
        ("AUTHORISED", "DRAFT"),
        ("DRAFT", "VOIDED"),
        ("DRAFT", "PAID"),
        ("VOIDED", "AUTHORISED"),
        ("DELETED", "DRAFT"),
    ],
)
def test_other_status_moves_are_refused(tenant: Tenant, held: str, wished: str) -> None:
    """The note stays what it was."""
    made = note(tenant, Status="DRAFT" if held == "DELETED" else held.replace("VOIDED", "DRAFT"))
    if held == "VOIDED":
        tenant.update_credit_note(made.id, Status="AUTHORISED")
    if made.status != held:
        tenant.update_credit_note(made.id, Status=held)

    with pytest.raises(Refused, match="not of valid status"):
        tenant.update_credit_note(made.id, Status=wished)

    assert made.status == held


@behaviour("Credit notes", "a note is voided only after its allocations and refunds are gone")
def test_voiding_waits_for_allocations_and_refunds(tenant: Tenant) -> None:
    """Both stand in the way, one after the other."""
    made, invoice = note(tenant), sale(tenant)
    allocation = tenant.allocate(made.id, invoice.id, "15.00")
    refund = tenant.refund(made.id, "20.00")

    with pytest.raises(Refused, match="cannot be voided"):
        tenant.void_credit(made.id)
    tenant.unallocate(allocation.id)
    with pytest.raises(Refused, match="cannot be voided"):
        tenant.void_credit(made.id)
    tenant.delete_payment(refund.id)
    tenant.void_credit(made.id)

    assert made.status == "VOIDED"


@behaviour("Credit notes", "a voided or deleted note still shows all of it as RemainingCredit")
@pytest.mark.parametrize(("start", "end"), [("AUTHORISED", "VOIDED"), ("DRAFT", "DELETED")])
def test_ended_notes_keep_their_remaining_credit(tenant: Tenant, start: str, end: str) -> None:
    """So callers must look at the status first."""
    made = note(tenant, Status=start)

    tenant.update_credit_note(made.id, Status=end)

    (shown,) = tenant.raw()["CreditNotes"]
    assert (shown["Status"], shown["RemainingCredit"]) == (end, Decimal("115.00"))


@behaviour("Credit notes", "a note is PAID, with FullyPaidOnDate, when nothing of it remains")
def test_a_note_is_paid_when_nothing_remains(tenant: Tenant) -> None:
    """By allocation and refund together; undoing one opens it again."""
    made, invoice = note(tenant), sale(tenant)

    tenant.allocate(made.id, invoice.id, "100.00")
    half = (made.status, made.remaining)
    cents = tenant.refund(made.id, "14.99")
    almost = (made.status, made.remaining)
    tenant.delete_payment(cents.id)
    refund = tenant.refund(made.id, Date="2026-03-12")
    (whole,) = tenant.raw()["CreditNotes"]
    tenant.delete_payment(refund.id)
    (again,) = tenant.raw()["CreditNotes"]

    assert half == ("AUTHORISED", Decimal("15.00"))
    assert almost == ("AUTHORISED", Decimal("0.01"))
    assert (whole["Status"], whole["RemainingCredit"]) == ("PAID", 0)
    assert whole["FullyPaidOnDate"] == "/Date(1773273600000+0000)/"
    assert (again["Status"], again["RemainingCredit"]) == ("AUTHORISED", Decimal("15.00"))
    assert "FullyPaidOnDate" not in again


@behaviour("Credit notes", "lines, when sent, replace; the head is changed sparsely")
def test_lines_replace_and_heads_are_sparse(tenant: Tenant) -> None:
    """What isn't sent stays."""
    made = note(tenant, Reference="Return 7")

    tenant.update_credit_note(made.id, LineItems=[{**LINE, "Quantity": 1}])

    assert (made.reference, made.total, len(made.lines)) == ("Return 7", Decimal("57.50"), 1)


@behaviour("Credit notes", "amounts, date and contact are fixed once something is applied")
@pytest.mark.parametrize(
    "edit",
    [
        {"Date": "2026-03-01"},
        {"LineItems": [LINE, LINE]},
        {"Contact": {"Name": "Bo"}},
        {"CurrencyCode": "USD"},
    ],
)
def test_applied_notes_are_fixed(tenant: Tenant, edit: dict[str, Any]) -> None:
    """Only the rest may change."""
    made = note(tenant)
    tenant.allocate(made.id, sale(tenant).id, "15.00")

    with pytest.raises(Refused):
        tenant.update_credit_note(made.id, **edit)
    tenant.update_credit_note(made.id, Reference="Later")

    assert (made.reference, made.total) == ("Later", Decimal("115.00"))


@behaviour("Credit notes", "a type, a contact and, to approve, lines are needed")
@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"Type": None}, "type must be specified"),
        ({"Contact": {"EmailAddress": "a@example.com"}}, "at least 1 of the following elements"),
        ({"Type": "ACCREC"}, "type must be specified"),
        ({"Contact": None}, "Contact must be specified"),
        ({"Status": "PAID"}, "cannot be set on a new document"),
        ({"Status": "AUTHORISED", "LineItems": []}, "line items must be specified"),
        ({"CreditNoteID": "0a6b7c31-91d4-4a5e-8c07-7be0a5b3d2f0"}, "could not be found"),
    ],
)
async def test_incomplete_notes_are_refused(
    link: Link, wishes: dict[str, object], message: str
) -> None:
    """400, with a sentence for each."""
    caller = await link()

    answer = await caller.post("CreditNotes", body(**wishes))

    assert answer.status_code == 400
    (element,) = answer.json()["Elements"]
    assert message in element["ValidationErrors"][0]["Message"]


@behaviour("Contacts", "a document may name its contact by ContactNumber alone")
def test_contacts_are_named_by_number(tenant: Tenant) -> None:
    """The contact is left as it is, with its persons."""
    person = {"FirstName": "Bo", "LastName": "Ito", "EmailAddress": "b@example.com"}
    contact = tenant.create_contact(Name="Ada", ContactNumber="A1", ContactPersons=[person])

    made = note(tenant, Contact={"ContactNumber": "A1"})

    assert made.contact_id == contact.id
    assert len(contact.fields["ContactPersons"]) == 1


@behaviour("Credit notes", "contact and number may change while nothing is applied")
def test_contact_and_number_may_change(tenant: Tenant) -> None:
    """The old number is free, the former contact's balance without it."""
    made = note(tenant)
    former = made.contact_id

    tenant.update_credit_note(made.id, Contact={"Name": "Bo"}, CreditNoteNumber="R-9")
    other = note(tenant, CreditNoteNumber="CN-0001")

    assert made.contact_id != former
    assert (made.number, other.number) == ("R-9", "CN-0001")
    balances = {one["Name"]: one["Balances"] for one in tenant.raw()["Contacts"]}
    outstanding = {name: held["AccountsReceivable"] for name, held in balances.items()}
    assert outstanding["Bo"]["Outstanding"] == outstanding["Ada"]["Outstanding"] == -115


@behaviour("Credit notes", "an ended note is still found by its number")
async def test_ended_notes_are_found_by_number(link: Link) -> None:
    """As long as no living one has it; then that one is meant."""
    caller = await link()
    tenant = caller.running.books.tenant(caller.tenant_id)
    gone = note(tenant, CreditNoteNumber="R-1")
    tenant.void_credit(gone.id)

    (found,) = (await caller.get("CreditNotes/R-1")).json()["CreditNotes"]
    living = note(tenant, CreditNoteNumber="R-1")
    (now,) = (await caller.get("CreditNotes/R-1")).json()["CreditNotes"]
    unknown = await caller.get("CreditNotes/R-2")

    assert (found["CreditNoteID"], found["Status"]) == (gone.id, "VOIDED")
    assert now["CreditNoteID"] == living.id
    assert unknown.status_code == 404


@behaviour("Credit notes", "discounts on lines are refused")
def test_credits_take_no_discounts(tenant: Tenant) -> None:
    """Sales invoices and quotes alone have them."""
    with pytest.raises(Refused, match="Discounts"):
        note(tenant, LineItems=[{**LINE, "DiscountRate": 10}])


@behaviour("Credit notes", "POST changes the note named by id or number, PUT always makes one")
async def test_post_finds_by_number_and_by_path(link: Link) -> None:
    """And a single read takes the number, too."""
    caller = await link()
    (made,) = (await caller.put("CreditNotes", body())).json()["CreditNotes"]

    await caller.post("CreditNotes", body(CreditNoteNumber="CN-0001", Reference="a"))
    (named,) = (await caller.get("CreditNotes/CN-0001")).json()["CreditNotes"]
    await caller.post(f"CreditNotes/{made['CreditNoteID']}", {"Reference": "b"})
    (again,) = (await caller.get("CreditNotes")).json()["CreditNotes"]
    await caller.put("CreditNotes", body())

    assert (named["CreditNoteID"], named["Reference"]) == (made["CreditNoteID"], "a")
    assert again["Reference"] == "b"
    assert len((await caller.get("CreditNotes")).json()["CreditNotes"]) == 2


@behaviour("Credit notes", "unpaged lists have no lines and a short contact; paged and single have")
async def test_lists_are_thin_unless_paged(link: Link) -> None:
    """As of invoices."""
    caller = await link()
    await caller.put("CreditNotes", body(Contact={"Name": "Ada", "FirstName": "Ada"}))

    (thin,) = (await caller.get("CreditNotes")).json()["CreditNotes"]
    paged = (await caller.get("CreditNotes", {"page": 1, "unitdp": 4})).json()
    (single,) = (await caller.get(f"CreditNotes/{thin['CreditNoteID']}")).json()["CreditNotes"]

    assert (thin["LineItems"], "FirstName" in thin["Contact"]) == ([], False)
    assert paged["pagination"]["itemCount"] == 1
    for full in (paged["CreditNotes"][0], single):
        assert len(full["LineItems"]) == 1
        assert full["Contact"]["FirstName"] == "Ada"


@behaviour("Credit notes", "where takes Status, Date, Reference, Type, Contact and ids with OR")
async def test_where_selects_notes(link: Link) -> None:
    """There is no IDs filter, so ids are joined by OR."""
    caller = await link()
    tenant = caller.running.books.tenant(caller.tenant_id)
    one, two = note(tenant, Reference="a"), supplier_note(tenant, Contact={"Name": "Bo"})
    note(tenant, Status="DRAFT", Date="2026-02-01")
    asked = {
        'Status=="DRAFT"': 1,
        'Type=="ACCPAYCREDIT"': 1,
        'Reference=="a"': 1,
        'Contact.Name=="Bo"': 1,
        "Date>=DateTime(2026,3,1)": 2,
        f'CreditNoteID==Guid("{one.id}") OR CreditNoteID==Guid("{two.id}")': 2,
    }

    found = {
        where: len((await caller.get("CreditNotes", {"where": where})).json()["CreditNotes"])
        for where in asked
    }

    assert found == asked


@behaviour("Credit notes", "nothing is dated on or before a lock date")
def test_lock_dates_hold_credit_notes(tenant: Tenant) -> None:
    """Neither made nor changed."""
    made = note(tenant)
    tenant.ledger.period_lock = made.date

    with pytest.raises(Refused, match="lock date"):
        note(tenant)
    with pytest.raises(Refused, match="locked period"):
        tenant.void_credit(made.id)
