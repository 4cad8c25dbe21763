"""Files and notes kept with records."""

import httpx
import pytest

from tests.simulator.callers import SCOPES, Caller, TurnedClock
from tests.simulator.conftest import Link
from tests.simulator.test_documents import sale, tenant_of

ALL = f"{SCOPES} accounting.attachments"


async def upload(
    caller: Caller,
    path: str,
    content: bytes = b"hello",
    *,
    method: str = "PUT",
    media_type: str = "text/plain",
) -> httpx.Response:
    """One file to a record."""
    headers = {**caller.headers, "Content-Type": media_type}
    return await caller.http.request(
        method, f"/api.xro/2.0/{path}", headers=headers, content=content
    )


@pytest.mark.behaviour("Attachments", "a file is kept, listed, and fetched by its name or id")
async def test_files_come_back_as_they_went(link: Link) -> None:
    """Bytes and content type; the list tells name, size and address."""
    caller = await link(scope=ALL)
    made = sale(tenant_of(caller))
    path, content = f"Invoices/{made.id}/Attachments", bytes(range(256))

    kept = await upload(caller, f"{path}/scan 1.png", content, media_type="image/png")
    (shown,) = (await caller.get(path)).json()["Attachments"]
    by_name = await caller.get(f"{path}/SCAN 1.png", headers={"Accept": "image/png"})
    by_id = await caller.get(f"{path}/{shown['AttachmentID']}")

    assert kept.json()["Attachments"] == [shown]
    assert (shown["FileName"], shown["ContentLength"]) == ("scan 1.png", 256)
    assert shown["MimeType"] == "image/png"
    assert shown["Url"].endswith(f"/Invoices/{made.id}/Attachments/scan%201.png")
    assert by_name.content == by_id.content == content
    assert by_name.headers["content-type"] == "image/png"


@pytest.mark.behaviour("Attachments", "a file of a known name replaces it and keeps its id")
async def test_file_of_the_same_name_replaces(link: Link) -> None:
    """By POST; the list has one."""
    caller = await link(scope=ALL)
    contact = tenant_of(caller).create_contact(Name="Ada")
    path = f"Contacts/{contact.id}/Attachments"

    first = await upload(caller, f"{path}/a.txt", b"one")
    second = await upload(caller, f"{path}/A.txt", b"three", method="POST")
    listed = (await caller.get(path)).json()["Attachments"]

    assert (
        first.json()["Attachments"][0]["AttachmentID"]
        == second.json()["Attachments"][0]["AttachmentID"]
    )
    assert [one["ContentLength"] for one in listed] == [5]


@pytest.mark.behaviour("Attachments", "HasAttachments turns true, UpdatedDateUTC stays")
@pytest.mark.parametrize("collection", ["Contacts", "Invoices", "CreditNotes", "Accounts"])
async def test_records_say_that_they_have_files(
    link: Link, clock: TurnedClock, collection: str
) -> None:
    """Read before and after, so that nothing stale is shown."""
    caller = await link(scope=ALL)
    tenant = tenant_of(caller)
    invoice = sale(tenant)
    line = {"Description": "x", "UnitAmount": 5, "AccountCode": "200"}
    contact = {"ContactID": invoice.contact_id}
    await caller.put(
        "CreditNotes", {"Type": "ACCRECCREDIT", "Contact": contact, "LineItems": [line]}
    )
    key = f"{collection[:-1]}ID"
    first = (await caller.get(collection)).json()[collection][0]
    before = (await caller.get(f"{collection}/{first[key]}")).json()[collection][0]
    clock.turn(seconds=9)

    await upload(caller, f"{collection}/{before[key]}/Attachments/a.txt")
    after = (await caller.get(f"{collection}/{before[key]}")).json()[collection][0]

    assert (before["HasAttachments"], after["HasAttachments"]) == (False, True)
    assert before["UpdatedDateUTC"] == after["UpdatedDateUTC"]


@pytest.mark.behaviour("Attachments", "a single read shows the files of the record, lists do not")
@pytest.mark.parametrize("collection", ["Contacts", "Invoices"])
async def test_single_reads_show_the_files(link: Link, collection: str) -> None:
    """As the list of attachments shows them."""
    caller = await link(scope=ALL)
    made = sale(tenant_of(caller))
    path = f"{collection}/{made.contact_id if collection == 'Contacts' else made.id}"
    await upload(caller, f"{path}/Attachments/a.txt")

    (single,) = (await caller.get(path)).json()[collection]
    (listed,) = (await caller.get(collection, {"page": 1})).json()[collection]

    assert single["Attachments"] == (await caller.get(f"{path}/Attachments")).json()["Attachments"]
    assert listed["HasAttachments"] is True
    assert "Attachments" not in listed


@pytest.mark.behaviour("Attachments", "ten files at most; a replacement is none more")
async def test_files_end_at_ten(link: Link) -> None:
    """The eleventh is refused as a validation error."""
    caller = await link(scope=ALL)
    contact = tenant_of(caller).create_contact(Name="Ada")
    path = f"Contacts/{contact.id}/Attachments"
    for number in range(10):
        await upload(caller, f"{path}/{number}.txt")

    beyond = await upload(caller, f"{path}/10.txt")
    again = await upload(caller, f"{path}/9.txt", b"new")

    assert (beyond.status_code, beyond.json()["ErrorNumber"]) == (400, 10)
    assert again.status_code == 200


@pytest.mark.behaviour("Attachments", 'no name with < > : " \\ | ? * +, no empty file')
@pytest.mark.parametrize(
    ("name", "content"),
    [("a%3Ab.txt", b"x"), ("a%2Bb.txt", b"x"), ("a%7C.txt", b"x"), ("a.txt", b"")],
)
async def test_files_that_are_refused(link: Link, name: str, content: bytes) -> None:
    """Nothing is kept of them."""
    caller = await link(scope=ALL)
    contact = tenant_of(caller).create_contact(Name="Ada")
    path = f"Contacts/{contact.id}/Attachments"

    assert (await upload(caller, f"{path}/{name}", content)).status_code == 400
    assert (await caller.get(path)).json()["Attachments"] == []


@pytest.mark.behaviour("Attachments", "IncludeOnline is for sales invoices and their credit notes")
async def test_include_online_is_for_sales(link: Link) -> None:
    """A bill refuses it."""
    caller = await link(scope=ALL)
    tenant = tenant_of(caller)
    made, bill = sale(tenant), sale(tenant, Type="ACCPAY", InvoiceNumber="B1")

    shown = await upload(caller, f"Invoices/{made.id}/Attachments/a.txt?IncludeOnline=true")
    refused = await upload(caller, f"Invoices/{bill.id}/Attachments/a.txt?IncludeOnline=true")
    plain = await upload(caller, f"Invoices/{bill.id}/Attachments/a.txt")

    assert shown.json()["Attachments"][0]["IncludeOnline"] is True
    assert refused.status_code == 400
    assert "IncludeOnline" not in plain.json()["Attachments"][0]


@pytest.mark.behaviour("Attachments", "they need accounting.attachments, not the parent's scope")
async def test_attachments_have_their_own_scope(link: Link) -> None:
    """401 AuthorizationUnsuccessful without it; .read is enough to read."""
    caller = await link()
    contact = tenant_of(caller).create_contact(Name="Ada")
    path = f"Contacts/{contact.id}/Attachments"
    without = await caller.get(path)

    await caller.link(scope="accounting.attachments.read")
    read = await caller.get(path)
    written = await upload(caller, f"{path}/a.txt")

    assert [one.status_code for one in (without, read, written)] == [401, 200, 401]


@pytest.mark.behaviour("Attachments", "unknown records and files: 404")
async def test_unknown_files_are_not_found(link: Link) -> None:
    """By name and by id."""
    caller = await link(scope=ALL)
    contact = tenant_of(caller).create_contact(Name="Ada")

    got = [
        (await caller.get(path)).status_code
        for path in (f"Contacts/{contact.id}/Attachments/a.txt", "Contacts/nobody/Attachments")
    ]

    assert got == [404, 404]


@pytest.mark.behaviour("History", "notes are told newest first, as System Generated")
async def test_notes_are_told_newest_first(link: Link, clock: TurnedClock) -> None:
    """With their time in both forms."""
    caller = await link()
    made = sale(tenant_of(caller))
    path = f"Invoices/{made.id}/History"

    for details in ("first", "second"):
        await caller.put(path, {"HistoryRecords": [{"Details": details}]})
        clock.turn(minutes=1)
    told = (await caller.get(path)).json()["HistoryRecords"]

    assert [one["Details"] for one in told] == ["second", "first"]
    assert {one["User"] for one in told} == {"System Generated"}
    assert [one["DateUTCString"] for one in told] == ["2026-03-10T02:31:00", "2026-03-10T02:30:00"]
    assert told[1]["DateUTC"] == "/Date(1773109800000+0000)/"


@pytest.mark.behaviour("History", "an attached file is told with its name and the app's")
async def test_attached_files_are_told(link: Link) -> None:
    """In the words of Xero's example."""
    caller = await link(scope=ALL)
    made = sale(tenant_of(caller))
    await upload(caller, f"Invoices/{made.id}/Attachments/a.txt")

    (told,) = (await caller.get(f"Invoices/{made.id}/History")).json()["HistoryRecords"]

    assert told["Changes"] == "Attached a file"
    assert told["Details"] == "Attached the file a.txt through the Xero API using Local Xero"


@pytest.mark.behaviour("History", "notes end at 2,500 characters and are never empty")
@pytest.mark.parametrize("details", ["", "x" * 2501])
async def test_notes_have_a_length(link: Link, details: str) -> None:
    """2,500 are taken."""
    caller = await link()
    made = sale(tenant_of(caller))
    path = f"Invoices/{made.id}/History"

    refused = await caller.put(path, {"Details": details})
    taken = await caller.put(path, {"Details": "x" * 2500})

    assert (refused.status_code, taken.status_code) == (400, 200)


@pytest.mark.behaviour("History", "a note on a document that is not there names that in its error")
async def test_notes_on_nothing_are_refused(link: Link) -> None:
    """A validation error, where reading is 404."""
    caller = await link()

    put = await caller.put("Payments/nothing/History", {"Details": "x"})
    read = await caller.get("Payments/nothing/History")

    (element,) = put.json()["Elements"]
    assert "not found for this endpoint" in element["ValidationErrors"][0]["Message"]
    assert (put.status_code, read.status_code) == (400, 404)
