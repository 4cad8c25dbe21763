"""What writes carry: XML, batches, and idempotency keys."""

from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from simulator import wire
from simulator.serving import LARGEST_BODY
from tests.simulator.callers import API, SMALL, Caller
from tests.simulator.conftest import Link
from tests.simulator.test_documents import tenant_of

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
    return await caller.http.request(method, f"{API}/{path}", headers=headers, content=content)


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
        f"{API}/{path}",
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
