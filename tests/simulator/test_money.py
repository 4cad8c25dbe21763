"""Payments and contacts: what they do to documents, and their own rules."""

from decimal import Decimal

import pytest

from simulator.refusals import Refused
from tests.simulator.callers import TurnedClock
from tests.simulator.conftest import Link
from tests.simulator.test_documents import body, sale, tenant_of


@pytest.mark.behaviour("Payments", "a full payment closes a document, its deletion opens it again")
async def test_paying_all_closes_and_unpaying_reopens(link: Link) -> None:
    """AUTHORISED ↔ PAID with FullyPaidOnDate, by the wire."""
    caller = await link()
    made = sale(tenant_of(caller))
    element = {"Invoice": {"InvoiceID": made.id}, "Account": {"Code": "090"}, "Amount": 115}

    paid = (await caller.put("Payments", {"Payments": [{**element, "Date": "2026-03-09"}]})).json()
    (closed,) = (await caller.get(f"Invoices/{made.id}")).json()["Invoices"]
    payment_id = paid["Payments"][0]["PaymentID"]
    deleted = await caller.post(f"Payments/{payment_id}", {"Status": "DELETED"})
    (opened,) = (await caller.get(f"Invoices/{made.id}")).json()["Invoices"]

    assert (closed["Status"], closed["AmountDue"], closed["AmountPaid"]) == ("PAID", 0.0, 115.0)
    assert closed["FullyPaidOnDate"] == "/Date(1773014400000+0000)/"
    assert [one["PaymentID"] for one in closed["Payments"]] == [payment_id]
    assert deleted.json()["Payments"][0]["Status"] == "DELETED"
    assert (opened["Status"], opened["AmountDue"], opened["Payments"]) == ("AUTHORISED", 115.0, [])
    assert "FullyPaidOnDate" not in opened


@pytest.mark.behaviour("Payments", "a part payment leaves the status and counts into AmountPaid")
async def test_part_payment_leaves_the_status(link: Link) -> None:
    """And counts into AmountPaid."""
    tenant = tenant_of(await link())
    made = sale(tenant)

    tenant.pay(made.id, "15.00")

    assert (made.status, made.amount_due) == ("AUTHORISED", Decimal("100.00"))


@pytest.mark.behaviour("Currencies", "BankAmount is the amount divided by the rate")
async def test_bank_amount_is_in_base_currency(link: Link) -> None:
    """Amount divided by the rate."""
    tenant = tenant_of(await link())
    made = sale(tenant, CurrencyCode="USD", CurrencyRate="0.5")

    payment = tenant.pay(made.id, "10.00")

    assert (payment.amount, payment.bank_amount) == (Decimal("10.00"), Decimal("20.00"))


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"Amount": 116}, "exceeds the amount outstanding"),
        ({"Amount": 0}, "greater than zero"),
        ({"Account": {"Code": "400"}}, "Account type is invalid"),
        ({"Account": {"Code": "999"}}, "Account could not be found"),
        ({"Invoice": {"InvoiceNumber": "none"}}, "does not exist"),
    ],
)
@pytest.mark.behaviour("Payments", "impossible payments are refused")
async def test_bad_payments_are_refused(
    link: Link, wishes: dict[str, object], message: str
) -> None:
    """Each with Xero's kind of sentence."""
    caller = await link()
    made = sale(tenant_of(caller))
    element = {"Invoice": {"InvoiceID": made.id}, "Account": {"Code": "090"}, "Amount": 5}

    answer = await caller.put("Payments", {**element, **wishes})

    assert answer.status_code == 400
    assert message in answer.json()["Elements"][0]["ValidationErrors"][0]["Message"]


@pytest.mark.behaviour("Payments", "a payment changes by Status DELETED alone")
async def test_payments_change_by_deletion_only(link: Link) -> None:
    """Other fields beside Status are refused, and a list POST takes one element."""
    caller = await link()
    tenant = tenant_of(caller)
    made = sale(tenant)
    payment = tenant.pay(made.id)

    edit = await caller.post(f"Payments/{payment.id}", {"Status": "DELETED", "Amount": 3})
    two = await caller.post("Payments", {"Payments": [{}, {}]})

    assert (edit.status_code, two.status_code) == (400, 400)
    assert two.json()["ErrorNumber"] == 17
    assert payment.status == "AUTHORISED"


@pytest.mark.behaviour("Invoices and bills", "a document with payments cannot be voided")
async def test_documents_with_payments_cannot_be_voided(link: Link) -> None:
    """Remove the payment first."""
    tenant = tenant_of(await link())
    made = sale(tenant)
    payment = tenant.pay(made.id, "15.00")

    with pytest.raises(Refused):
        tenant.void(made.id)
    tenant.delete_payment(payment.id)
    tenant.void(made.id)

    assert made.status == "VOIDED"


@pytest.mark.behaviour("Contacts", "names are unique among the active")
async def test_contact_names_are_unique_among_the_active(link: Link) -> None:
    """An archived contact's name is free."""
    tenant = tenant_of(await link())
    first = tenant.create_contact(Name="Ada")

    with pytest.raises(Refused, match="already assigned"):
        tenant.create_contact(Name="ADA")
    tenant.archive_contact(first.id)
    second = tenant.create_contact(Name="Ada")
    with pytest.raises(Refused):
        tenant.update_contact(first.id, ContactStatus="ACTIVE")

    assert second.id != first.id


@pytest.mark.behaviour("Contacts", "a new name shows on documents without stamping them")
async def test_renaming_shows_on_documents_without_stamping_them(link: Link) -> None:
    """The name inside an invoice is the contact's."""
    caller = await link()
    tenant = tenant_of(caller)
    made = sale(tenant)
    stamp = made.updated_ms
    await caller.get("Invoices")  # so that an old rendering would be at hand

    tenant.rename_contact(made.contact_id, "Ada Lovelace")
    (one,) = (await caller.get("Invoices")).json()["Invoices"]

    assert one["Contact"]["Name"] == "Ada Lovelace"
    assert made.updated_ms == stamp


@pytest.mark.behaviour("Contacts", "IsCustomer and IsSupplier flip without a stamp")
async def test_roles_flip_unstamped(link: Link) -> None:
    """The first invoice makes a customer, the first bill a supplier."""
    tenant = tenant_of(await link())
    contact = tenant.create_contact(Name="Ada")
    stamp = contact.updated_ms

    sale(tenant, Contact={"ContactID": contact.id})

    assert (contact.is_customer, contact.is_supplier) == (True, False)
    assert contact.updated_ms == stamp


@pytest.mark.behaviour("Contacts", "merging moves documents and leaves MergedToContactID")
async def test_merging_moves_documents_and_leaves_a_pointer(link: Link) -> None:
    """The merged contact is archived and says where it went."""
    caller = await link()
    tenant = tenant_of(caller)
    made = sale(tenant)
    source, target = made.contact_id, tenant.create_contact(Name="Bo").id

    await caller.control("merge", {"tenant_id": tenant.id, "source": source, "target": target})
    (one,) = (await caller.get(f"Contacts/{source}")).json()["Contacts"]

    assert (one["ContactStatus"], one["MergedToContactID"]) == ("ARCHIVED", target)
    assert made.contact_id == target
    assert tenant.contact(target).is_customer


@pytest.mark.behaviour("Contacts", "updates are sparse; addresses come as STREET and POBOX")
async def test_contact_writes_keep_what_is_not_sent(link: Link) -> None:
    """Updates are sparse; addresses always come as STREET and POBOX."""
    caller = await link()
    address = {"AddressType": "POBOX", "AddressLine1": "1 Road", "City": "Leeds"}
    made = (
        await caller.put("Contacts", {"Name": "Ada", "Addresses": [address], "FirstName": "A"})
    ).json()["Contacts"][0]

    answer = await caller.post("Contacts", {"ContactID": made["ContactID"], "LastName": "L"})

    (one,) = answer.json()["Contacts"]
    assert (one["FirstName"], one["LastName"]) == ("A", "L")
    assert [entry["AddressType"] for entry in one["Addresses"]] == ["STREET", "POBOX"]
    assert one["Addresses"][1]["Region"] == ""
    assert len(one["Phones"]) == 4


@pytest.mark.behaviour("Idempotency", "a key and its request get the stored answer for six minutes")
async def test_idempotency_key_answers_once_for_six_minutes(link: Link, clock: TurnedClock) -> None:
    """Same request: stored answer. Other request: 400. After six minutes: done again."""
    caller = await link()

    first = await caller.put("Invoices", body(), Idempotency_Key="k1")
    again = await caller.put("Invoices", body(), Idempotency_Key="k1")
    other = await caller.put("Invoices", body(Reference="x"), Idempotency_Key="k1")
    long = await caller.put("Invoices", body(), Idempotency_Key="k" * 129)
    clock.turn(minutes=6)
    later = await caller.put("Invoices", body(), Idempotency_Key="k1")

    assert first.content == again.content
    assert (other.status_code, long.status_code) == (400, 400)
    assert later.json()["Invoices"][0]["InvoiceNumber"] == "INV-0002"


@pytest.mark.behaviour(
    "Refusals",
    "unreadable bodies (ErrorNumber 17), wrong methods 405, wrong content 415",
)
async def test_unreadable_bodies_and_wrong_methods(link: Link) -> None:
    """17 for bodies, 405 and 415 for what the endpoint can't take."""
    caller = await link()
    url, headers = "/api.xro/2.0/Invoices", caller.headers

    broken = await caller.http.put(
        url, content=b"{", headers={**headers, "Content-Type": "application/json"}
    )
    typed = await caller.http.put(
        url, content=b"a;b", headers={**headers, "Content-Type": "text/csv"}
    )
    deleted = await caller.http.delete(url, headers=headers)
    organisation = await caller.put("Organisation", {})

    assert (broken.status_code, broken.json()["ErrorNumber"]) == (400, 17)
    assert [r.status_code for r in (typed, deleted, organisation)] == [415, 405, 405]
