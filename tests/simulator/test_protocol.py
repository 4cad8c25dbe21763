"""The protocol around the resources: XML, batches, keys, refusals of whole calls, and metering."""

from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from simulator import wire
from simulator.config import TenantSpec
from simulator.serving import LARGEST_BODY
from tests.simulator.callers import SMALL, Caller, TurnedClock
from tests.simulator.conftest import Link
from tests.simulator.test_documents import sale, tenant_of

URL = "/api.xro/2.0"
CONTACT_XML = """<Contacts><Contact>
  <Name>Ālva &amp; Sons</Name>
  <Addresses><Address><AddressType>STREET</AddressType><City>Otaki</City></Address></Addresses>
  <Phones><Phone><PhoneType>MOBILE</PhoneType><PhoneNumber>021 555</PhoneNumber></Phone></Phones>
  <ContactPersons><ContactPerson><FirstName>Bo</FirstName></ContactPerson></ContactPersons>
</Contact></Contacts>"""


async def sent(caller: Caller, method: str, path: str, text: str | bytes) -> httpx.Response:
    """One call with an XML body, answered in JSON."""
    headers = {**caller.headers, "Content-Type": "text/xml; charset=utf-8"}
    content = text.encode() if isinstance(text, str) else text
    return await caller.http.request(method, f"{URL}/{path}", headers=headers, content=content)


@pytest.mark.behaviour("Writes", "bodies may be XML: lists, objects and text in UTF-8")
async def test_xml_bodies_are_read(link: Link) -> None:
    """The same element as JSON would carry."""
    caller = await link()

    answer = await sent(caller, "PUT", "Contacts", CONTACT_XML)

    (made,) = answer.json()["Contacts"]
    assert made["Name"] == "Ālva & Sons"
    assert made["Addresses"][0]["City"] == "Otaki"
    assert [one["FirstName"] for one in made["ContactPersons"]] == ["Bo"]
    assert "021 555" in {one.get("PhoneNumber") for one in made["Phones"]}


@pytest.mark.behaviour("Writes", "in XML numbers, days and flags are text and mean the same")
async def test_xml_values_are_read_from_text(link: Link) -> None:
    """Two invoices in one batch, by a contact's name."""
    caller = await link()
    one = (
        "<Invoice><Type>ACCREC</Type><Contact><Name>Ada</Name></Contact><Date>2026-03-01</Date>"
        "<SentToContact>true</SentToContact><LineItems><LineItem><Description>x</Description>"
        "<Quantity>3</Quantity><UnitAmount>1.50</UnitAmount><AccountCode>200</AccountCode>"
        "</LineItem></LineItems></Invoice>"
    )

    answer = await sent(caller, "PUT", "Invoices", f"<Invoices>{one}{one}</Invoices>")

    first, second = answer.json()["Invoices"]
    assert (first["SubTotal"], first["SentToContact"]) == (4.5, True)
    assert first["DateString"] == "2026-03-01T00:00:00"
    assert first["Contact"]["ContactID"] == second["Contact"]["ContactID"]


@pytest.mark.behaviour("Writes", "in XML xsi:nil is null, an empty element an empty text")
async def test_xml_knows_nothing_from_empty(link: Link) -> None:
    """The one leaves a name as it was, the other is refused."""
    caller = await link()
    made = tenant_of(caller).create_contact(Name="Ada")
    nil = '<Name xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
    contact = f"<ContactID>{made.id}</ContactID>"

    kept = await sent(caller, "POST", "Contacts", f"<Contact>{contact}{nil}</Contact>")
    refused = await sent(caller, "POST", "Contacts", f"<Contact>{contact}<Name/></Contact>")

    assert kept.json()["Contacts"][0]["Name"] == "Ada"
    assert refused.status_code == 400


def test_xml_leaves_out_what_is_null() -> None:
    """Where JSON has a null, XML has nothing."""
    assert wire.xml({"Name": "Ada", "Url": None}).endswith(b'"><Name>Ada</Name></Response>')


@pytest.mark.behaviour("Refusals", "broken XML and XML with entities: ErrorNumber 17")
@pytest.mark.parametrize(
    "text",
    [
        "<Contacts><Contact>",
        "",
        "<Contacts/>",
        '<!DOCTYPE x [<!ENTITY a "b">]><Contact><Name>&a;</Name></Contact>',
    ],
)
async def test_unreadable_xml_is_refused(link: Link, text: str) -> None:
    """Entities are how XML harms its readers."""
    caller = await link()

    answer = await sent(caller, "PUT", "Contacts", text)

    assert (answer.status_code, answer.json()["ErrorNumber"]) == (400, 17)


@pytest.mark.behaviour("Answers", "in XML each element of a list bears its own name")
async def test_xml_lists_name_their_elements(link: Link) -> None:
    """Addresses hold an Address, Tracking a TrackingCategory; what is null is left out."""
    caller = await link(opening=SMALL)
    accept = {"Accept": "application/xml"}

    contacts = ElementTree.fromstring((await caller.get("Contacts", headers=accept)).text)  # noqa: S314  # our own answer
    currencies = ElementTree.fromstring((await caller.get("Currencies", headers=accept)).text)  # noqa: S314  # our own answer

    assert contacts.find("Contacts/Contact/Addresses/Address/AddressType") is not None
    assert contacts.find("Contacts/Contact/Phones/Phone/PhoneType") is not None
    assert "NZD" in {code.text for code in currencies.findall("Currencies/Currency/Code")}


@pytest.mark.behaviour(
    "Refusals", "a method that a path does not take: 405, Allow names the others"
)
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "Contacts", "GET, POST, PUT"),
        ("DELETE", "Invoices", "GET, POST, PUT"),
        ("PUT", "Contacts/x", "GET, POST"),
        ("POST", "Organisation", "GET"),
        ("POST", "Overpayments", "GET"),
        ("POST", "Accounts", "GET, PUT"),
        ("DELETE", "Contacts/x/Attachments/y", "GET, POST, PUT"),
        ("POST", "Contacts/x/History", "GET, PUT"),
        ("GET", "Invoices/x/Email", "POST"),
    ],
)
async def test_methods_that_are_not_taken(link: Link, method: str, path: str, allowed: str) -> None:
    """Before anything is looked up."""
    caller = await link(
        scope="accounting.settings accounting.contacts accounting.invoices accounting.payments "
        "accounting.attachments"
    )

    answer = await caller.http.request(method, f"{URL}/{path}", headers=caller.headers)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.behaviour("Refusals", "paths that lead nowhere: 404 with a sentence of HTML")
@pytest.mark.parametrize(
    "path",
    [
        "Nothing",
        "Contacts/x/Nothing",
        "Payments/x/Attachments",
        "Contacts/x/pdf",
        "Currencies/NZD",
        "Organisation/Actions/x",
        "Contacts/x/History/y",
    ],
)
async def test_paths_that_lead_nowhere(link: Link, path: str) -> None:
    """Also below records that would exist."""
    caller = await link(
        scope="accounting.contacts accounting.payments accounting.attachments accounting.settings"
    )

    answer = await caller.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.behaviour("Refusals", "a condition that no answer can meet (If-Match): 412")
async def test_conditions_that_cannot_hold(link: Link) -> None:
    """No answer carries an ETag."""
    caller = await link()

    answer = await caller.put("Contacts", {"Name": "Ada"}, If_Match='"1"')

    assert answer.status_code == 412
    assert (await caller.get("Contacts")).json()["Contacts"] == []


@pytest.mark.behaviour("Refusals", "a body beyond 10 MB: 413")
async def test_bodies_end_at_ten_megabytes(link: Link) -> None:
    """Nothing of it is read."""
    caller = await link()

    answer = await sent(caller, "PUT", "Contacts", b" " * (LARGEST_BODY + 1))

    assert answer.status_code == 413


@pytest.mark.behaviour("Writes", "a batch is answered element by element, in the order it came")
async def test_batches_keep_their_order(link: Link) -> None:
    """Fifty of them in one call."""
    caller = await link()
    names = [f"Contact {number:02d}" for number in range(50)]

    answer = await caller.post("Contacts", {"Contacts": [{"Name": name} for name in names]})

    assert [one["Name"] for one in answer.json()["Contacts"]] == names


@pytest.mark.behaviour("Writes", "an element is taken bare, in a list, or below its collection")
@pytest.mark.parametrize(
    "wrapped", [{"Name": "Ada"}, [{"Name": "Ada"}], {"Contacts": [{"Name": "Ada"}]}]
)
async def test_elements_are_taken_in_three_forms(link: Link, wrapped: Any) -> None:
    """The answer is always a list."""
    caller = await link()

    answer = await caller.put("Contacts", wrapped)

    assert [one["Name"] for one in answer.json()["Contacts"]] == ["Ada"]


@pytest.mark.behaviour("Refusals", "a refused element repeats what was sent, with its errors")
async def test_refused_elements_come_back(link: Link) -> None:
    """So that callers can tell which one it was."""
    caller = await link()
    element = {"Name": "", "FirstName": "Ada"}

    whole = (await caller.put("Contacts", element)).json()
    (each,) = (await caller.put("Contacts?summarizeErrors=false", element)).json()["Contacts"]

    (refused,) = whole["Elements"]
    assert (whole["ErrorNumber"], whole["Type"]) == (10, "ValidationException")
    assert refused["FirstName"] == each["FirstName"] == "Ada"
    assert refused["HasValidationErrors"] is True
    assert refused["ValidationErrors"] == each["ValidationErrors"]
    assert each["StatusAttributeString"] == "ERROR"


@pytest.mark.behaviour("Idempotency", "refusals are stored as well")
async def test_key_stores_refusals(link: Link) -> None:
    """The same key gives the same refusal even when it would pass by now."""
    caller = await link()
    tenant = tenant_of(caller)
    owner = tenant.create_contact(Name="Ada")
    first = await caller.put("Contacts", {"Name": "Ada"}, Idempotency_Key="k")
    tenant.archive_contact(owner.id)

    again = await caller.put("Contacts", {"Name": "Ada"}, Idempotency_Key="k")
    fresh = await caller.put("Contacts", {"Name": "Ada"}, Idempotency_Key="other")

    assert (first.status_code, again.status_code, fresh.status_code) == (400, 400, 200)
    assert first.content == again.content


@pytest.mark.behaviour("Idempotency", "a key used with another request is refused: 400")
@pytest.mark.parametrize(
    ("method", "path", "name"),
    [("PUT", "Contacts", "Bo"), ("POST", "Contacts", "Ada"), ("PUT", "Contacts?x=1", "Ada")],
)
async def test_key_is_bound_to_its_request(link: Link, method: str, path: str, name: str) -> None:
    """Method, address and body belong to it."""
    caller = await link()
    await caller.put("Contacts", {"Name": "Ada"}, Idempotency_Key="k")

    answer = await caller.http.request(
        method,
        f"{URL}/{path}",
        json={"Name": name},
        headers={**caller.headers, "Idempotency-Key": "k"},
    )

    assert answer.status_code == 400
    assert "different request" in answer.json()["Message"]
    assert len(tenant_of(caller).ledger.contacts) == 1


@pytest.mark.behaviour("Idempotency", "keys belong to the app, not to the organisation")
async def test_keys_are_per_app(link: Link) -> None:
    """Another organisation's call under the same key is another request of the same app."""
    caller = await link(tenants=2)
    other = [tenant.id for tenant in caller.running.books][1]
    await caller.link(other)
    await caller.put("Contacts", {"Name": "Ada"}, Idempotency_Key="k")

    answer = await caller.put(
        "Contacts", {"Name": "Ada"}, Idempotency_Key="k", xero_tenant_id=other
    )

    assert answer.status_code == 400


@pytest.mark.behaviour("Idempotency", "repeats count against the limits, and reads take no key")
async def test_repeats_count_and_reads_do_not_care(link: Link) -> None:
    """A stored answer is still a call."""
    caller = await link()

    left = [
        (await caller.put("Contacts", {"Name": "Ada"}, Idempotency_Key="k")).headers[
            "x-minlimit-remaining"
        ]
        for _ in range(2)
    ]
    reads = [
        len((await caller.get("Contacts", headers={"Idempotency-Key": "r"})).json()["Contacts"])
        for _ in range(2)
    ]

    assert left == ["59", "58"]
    assert reads == [1, 1]


@pytest.mark.behaviour("Organisation", "an organisation that is offline answers 503 in plain text")
async def test_offline_organisations_answer_503(link: Link) -> None:
    """Others are not touched, and it comes back."""
    caller = await link(tenants=2)
    other = [tenant.id for tenant in caller.running.books][1]
    await caller.link(other)
    await caller.control(f"tenants/{caller.tenant_id}/offline", {})

    away = await caller.get("Organisation")
    well = await caller.get("Organisation", headers={"xero-tenant-id": other})
    await caller.control(f"tenants/{caller.tenant_id}/offline", {"offline": False})
    back = await caller.get("Organisation")

    assert (away.status_code, well.status_code, back.status_code) == (503, 200, 200)
    assert away.headers["content-type"].startswith("text/plain")
    assert "offline" in away.text


@pytest.mark.behaviour("Organisation", "a demo company that is reset gets another id and new books")
async def test_demo_companies_start_again(link: Link) -> None:
    """The old id is forbidden and listed no more; the new one can be linked."""
    caller = await link(tenants=(TenantSpec(demo=True, currency="AUD"),))
    shown = (await caller.get("Organisation")).json()["Organisations"][0]
    tenant_of(caller).create_contact(Name="gone with the reset")

    again = await caller.control(f"tenants/{caller.tenant_id}/reset", {})
    old = await caller.get("Contacts")
    await caller.link(again["tenant_id"])
    caller.tenant_id = again["tenant_id"]

    assert (shown["IsDemoCompany"], shown["Name"]) == (True, "Demo Company (AU)")
    assert old.status_code == 403
    assert again["name"] == shown["Name"]
    assert (await caller.get("Contacts")).json()["Contacts"] == []


async def test_only_demo_companies_are_reset(link: Link) -> None:
    """A slip must not lose an organisation."""
    caller = await link()

    assert "error" in await caller.control(f"tenants/{caller.tenant_id}/reset", {})
    assert (await caller.get("Organisation")).status_code == 200


@pytest.mark.behaviour("Limits and tiers", "egress is metered by month; GET Organisation is free")
async def test_egress_is_metered(link: Link, clock: TurnedClock) -> None:
    """What the tier includes stands beside it."""
    caller = await link(tier="plus")
    await caller.get("Organisation")
    size = len((await caller.get("Contacts")).content)

    march = (await caller.control("stats"))["egress"]
    clock.at = datetime(2026, 4, 1, tzinfo=UTC)
    await caller.link()
    await caller.get("Organisation")
    april = (await caller.control("stats"))["egress"]

    assert march == {"month": "2026-03", "bytes": size, "included": 50 * 10**9}
    assert april == {"month": "2026-04", "bytes": 0, "included": 50 * 10**9}


@pytest.mark.behaviour(
    "Filters and orders", "where takes ToLower, ToUpper and Trim before it compares"
)
async def test_where_changes_case(link: Link) -> None:
    """As callers search names without regard to case."""
    caller = await link()
    tenant = tenant_of(caller)
    ada = tenant.create_contact(Name="Ada Moss", EmailAddress="ADA@example.com")
    tenant.create_contact(Name="Bo Fern")

    async def found(where: str) -> list[str]:
        answer = await caller.get("Contacts", {"where": where})
        return [one["ContactID"] for one in answer.json()["Contacts"]]

    assert await found('Name.ToLower().Contains("moss")') == [ada.id]
    assert await found('EmailAddress!=null&&EmailAddress.ToLower()=="ada@example.com"') == [ada.id]
    assert await found('Name.Trim().ToUpper().StartsWith("ADA")') == [ada.id]


@pytest.mark.behaviour(
    "Filters and orders", "what where cannot read names the place: ErrorNumber 16"
)
@pytest.mark.parametrize(
    "where",
    ["Status=='PAID'", "Colour==1", 'Status=="PAID" AND', "Date>null", "Status.Reverse()==1"],
)
async def test_each_slip_in_where_is_refused(link: Link, where: str) -> None:
    """Wrong quotes, unknown fields, loose ends."""
    caller = await link()

    answer = await caller.get("Invoices", {"where": where})

    assert (answer.status_code, answer.json()["ErrorNumber"]) == (400, 16)
    assert answer.json()["Message"]


@pytest.mark.behaviour("Invoices and bills", "an invoice is a PDF by Accept, or below /pdf")
async def test_documents_are_printed(link: Link) -> None:
    """With its number in it; an unknown one is 404."""
    caller = await link()
    made = sale(tenant_of(caller))

    asked = await caller.get(f"Invoices/{made.id}", headers={"Accept": "application/pdf"})
    below = await caller.get(f"Invoices/{made.id}/pdf")
    unknown = await caller.get("Invoices/nothing", headers={"Accept": "application/pdf"})

    assert asked.content == below.content
    assert asked.headers["content-type"] == "application/pdf"
    assert asked.content.startswith(b"%PDF-")
    assert made.number.encode() in asked.content
    assert unknown.status_code == 404


@pytest.mark.behaviour(
    "Invoices and bills", "an e-mail answers 204 and sets SentToContact, unstamped"
)
async def test_emails_are_noted(link: Link, clock: TurnedClock) -> None:
    """Seen by webhook, missed by If-Modified-Since."""
    caller = await link()
    tenant = tenant_of(caller)
    made = sale(tenant)
    tenant.update_contact(made.contact_id, EmailAddress="ada@example.com")
    stamp = made.updated_ms
    clock.turn(seconds=5)

    answer = await caller.http.post(f"{URL}/Invoices/{made.id}/Email", headers=caller.headers)

    assert (answer.status_code, answer.content) == (204, b"")
    assert (made.sent_to_contact, made.updated_ms) == (True, stamp)


@pytest.mark.behaviour(
    "Invoices and bills", "1,000 e-mails a day; none of drafts or without address"
)
async def test_emails_have_their_limits(link: Link, clock: TurnedClock) -> None:
    """A demo company sends none at all."""
    caller = await link(tenants=(TenantSpec(), TenantSpec(demo=True)))
    tenant = tenant_of(caller)
    demo = next(held for held in caller.running.books if held.ledger.is_demo)
    made, draft, bare = sale(tenant), sale(tenant, Status="DRAFT"), sale(demo)
    demo.update_contact(bare.contact_id, EmailAddress="ada@example.com")
    await caller.link(demo.id)

    async def mail(invoice_id: str, tenant_id: str = caller.tenant_id) -> int:
        headers = {**caller.headers, "xero-tenant-id": tenant_id}
        path = f"{URL}/Invoices/{invoice_id}/Email"
        return (await caller.http.post(path, headers=headers)).status_code

    without = await mail(made.id)
    tenant.update_contact(made.contact_id, EmailAddress="ada@example.com")
    tenant.ledger.filing.emails = {tenant.ledger.today(): 999}
    last, beyond = await mail(made.id), await mail(made.id)
    clock.turn(days=1)
    await caller.link()

    assert (without, await mail(draft.id)) == (400, 400)
    assert (last, beyond) == (204, 400)
    assert await mail(made.id) == 204
    assert await mail(bare.id, demo.id) == 400


@pytest.mark.behaviour("Invoices and bills", "approved sales invoices have an online address")
async def test_online_invoices(link: Link) -> None:
    """Always the same one; bills and drafts have none."""
    caller = await link()
    tenant = tenant_of(caller)
    made, draft = sale(tenant), sale(tenant, Status="DRAFT")

    one, two = [(await caller.get(f"Invoices/{made.id}/OnlineInvoice")).json() for _ in range(2)]
    none = await caller.get(f"Invoices/{draft.id}/OnlineInvoice")

    assert one["OnlineInvoices"] == two["OnlineInvoices"]
    assert one["OnlineInvoices"][0]["OnlineInvoiceUrl"].startswith("https://in.xero.com/")
    assert none.status_code == 400


@pytest.mark.behaviour("Organisation", "CIS settings exist in the United Kingdom alone")
async def test_construction_settings(link: Link) -> None:
    """Of the organisation and of its contacts."""
    caller = await link(tenants=(TenantSpec(currency="GBP"), TenantSpec(currency="NZD")))
    other = [tenant.id for tenant in caller.running.books][1]
    await caller.link(other)
    contact = tenant_of(caller).create_contact(Name="Ada")

    own = await caller.get(f"Organisation/{caller.tenant_id}/CISSettings")
    theirs = await caller.get(f"Contacts/{contact.id}/CISSettings")
    abroad = await caller.get(
        f"Organisation/{other}/CISSettings", headers={"xero-tenant-id": other}
    )

    assert own.json()["CISSettings"][0]["CISContractorEnabled"] is False
    assert theirs.json()["CISSettings"][0]["CISEnabled"] is False
    assert abroad.status_code == 404


@pytest.mark.behaviour("Organisation", "invoice reminders are told, and off")
async def test_invoice_reminders(link: Link) -> None:
    """One switch in a list."""
    caller = await link()

    answer = await caller.get("InvoiceReminders/Settings")

    assert answer.json()["InvoiceReminders"] == [{"Enabled": False}]


@pytest.mark.behaviour(
    "Generator and control", "/control/edit reaches what stands below records, too"
)
async def test_edit_reaches_nested_collections(link: Link) -> None:
    """A note on an invoice, an item removed, and a method that is not there."""
    caller = await link()
    tenant = tenant_of(caller)
    made = sale(tenant)
    to = {"tenant_id": tenant.id}

    note = await caller.control(
        "edit",
        {**to, "path": f"Invoices/{made.id}/History", "method": "PUT", "body": {"Details": "hi"}},
    )
    item = await caller.control("edit", {**to, "path": "Items", "body": {"Code": "P1"}})
    gone = await caller.control(
        "edit", {**to, "path": f"Items/{item['Items'][0]['ItemID']}", "method": "DELETE"}
    )
    never = await caller.control("edit", {**to, "path": "Invoices", "method": "DELETE"})

    assert note["HistoryRecords"][0]["Details"] == "hi"
    assert gone == {"Items": []}
    assert "error" in never


@pytest.mark.behaviour("Generator and control", "/control/clock takes business time forward")
async def test_time_goes_forward_on_demand(link: Link) -> None:
    """Tokens run out, limits come back; time does not go back."""
    caller = await link()
    first = await caller.get("Organisation")

    await caller.control("clock", {"forward_s": 60})
    again = await caller.get("Organisation")
    now = await caller.control("clock", {"forward_s": 1800})
    expired = await caller.get("Organisation")
    back = await caller.control("clock", {"forward_s": -1})

    assert first.headers["x-minlimit-remaining"] == again.headers["x-minlimit-remaining"] == "59"
    assert now == await caller.control("clock") == {"now": "2026-03-10T03:01:00+00:00"}
    assert expired.status_code == 401
    assert "error" in back
