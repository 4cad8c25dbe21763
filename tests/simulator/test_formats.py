"""How answers look: spelling, dates, numbers, which keys which kind of answer carries."""

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest

from simulator import wire
from tests.simulator.callers import SMALL, Caller, TurnedClock
from tests.simulator.conftest import Link
from tests.simulator.published import shared

WIRE_INVOICE = {"Type", "InvoiceID", "InvoiceNumber", "Reference", "Payments", "CreditNotes",
                "Prepayments", "Overpayments", "AmountDue", "AmountPaid", "AmountCredited",
                "CurrencyRate", "IsDiscounted", "HasAttachments", "InvoiceAddresses",
                "HasErrors", "InvoicePaymentServices", "Contact", "DateString", "Date",
                "DueDateString", "DueDate", "Status", "LineAmountTypes", "LineItems",
                "SubTotal", "TotalTax", "Total", "UpdatedDateUTC", "CurrencyCode"}  # fmt: skip
WIRE_CONTACT = {"ContactID", "ContactStatus", "Name", "Addresses", "Phones", "UpdatedDateUTC",
                "ContactGroups", "IsSupplier", "IsCustomer", "ContactPersons",
                "HasAttachments", "HasValidationErrors"}  # fmt: skip
WIRE_PAYMENT = {"PaymentID", "Date", "BankAmount", "Amount", "CurrencyRate", "PaymentType",
                "Status", "UpdatedDateUTC", "HasAccount", "IsReconciled", "Account", "Invoice",
                "HasValidationErrors"}  # fmt: skip
WIRE_ORGANISATION = {"APIKey", "Name", "LegalName", "PaysTax", "Version", "OrganisationType",
                     "BaseCurrency", "CountryCode", "IsDemoCompany", "OrganisationStatus",
                     "TaxNumber", "FinancialYearEndDay", "FinancialYearEndMonth",
                     "DefaultSalesTax", "DefaultPurchasesTax", "CreatedDateUTC",
                     "OrganisationEntityType", "Timezone", "ShortCode", "OrganisationID",
                     "Edition", "Class", "LineOfBusiness", "Addresses", "Phones",
                     "ExternalLinks", "PaymentTerms", "TaxNumberName"}  # fmt: skip


@pytest.mark.behaviour("Answers", "dates take each of the forms of the wire")
def test_dates_take_all_forms_of_the_wire() -> None:
    """Days are midnight UTC; instants carry an offset or none; strings are ISO."""
    assert wire.ms_day(date(2019, 11, 1)) == "/Date(1572566400000+0000)/"
    assert wire.ms_day(date(1969, 12, 31)) == "/Date(-86400000+0000)/"
    assert wire.ms_instant_bare(1574275974000) == "/Date(1574275974000)/"
    assert wire.ms_instant(1541176290160) == "/Date(1541176290160+0000)/"
    assert wire.instant_string(1541176290160) == "2018-11-02T16:31:30Z"
    assert wire.day_string(date(2019, 11, 20)) == "2019-11-20T00:00:00"


@pytest.mark.behaviour("Answers", "JSON is printed with two blanks, CRLF and escaped slashes")
def test_pretty_json_has_two_blanks_crlf_and_escaped_slashes() -> None:
    """Lengths of recorded answers fit this spelling and no other."""
    written = wire.pretty({"Url": "a/b", "Total": Decimal("89.00"), "Empty": [], "None": {}})

    assert (
        written
        == b'{\r\n  "Url": "a\\/b",\r\n  "Total": 89.00,\r\n  "Empty": [],\r\n  "None": {}\r\n}'
    )


@pytest.mark.behaviour(
    "Answers",
    "the envelope has Id, Status, ProviderName, DateTimeUTC, pagination, list",
)
async def test_answer_is_spelled_as_xero_spells_it(link: Link) -> None:
    """The envelope's keys and order, and the record's indentation."""
    caller = await link(opening=SMALL)

    answer = await caller.get("Invoices", {"page": 1})

    assert list(answer.json()) == ["Id", "Status", "ProviderName", "DateTimeUTC", "pagination",
                                   "Invoices"]  # fmt: skip
    assert re.search(rb'\r\n  "DateTimeUTC": "\\/Date\(\d+\)\\/",\r\n', answer.content)
    assert b'\r\n  "Invoices": [\r\n    {\r\n      "Type": "' in answer.content
    assert answer.content.endswith(b"\r\n    }\r\n  ]\r\n}")
    assert not re.search(rb"(?<!\r)\n", answer.content)
    assert not re.search(rb"(?<!\\)/", answer.content)


@pytest.mark.behaviour("Answers", "amounts are JSON numbers with their decimals")
async def test_amounts_are_json_numbers_with_their_decimals(link: Link) -> None:
    """89.00, never 89 or "89.00"; rates have ten decimals, quantities four."""
    caller = await link(opening=SMALL)

    text = (await caller.get("Invoices", {"page": 1})).text

    assert re.search(r'"Total": \d+\.\d\d,', text)
    assert re.search(r'"CurrencyRate": 1\.0000000000,', text)
    assert re.search(r'"Quantity": \d+\.\d{4},', text)
    assert not re.search(r'"(Total|AmountDue|TaxAmount)": (\d+,|")', text)


@pytest.mark.behaviour(
    "Answers",
    "answers carry the correlation id, the tenant's echo and no-store",
)
async def test_headers_are_those_of_recorded_answers(link: Link) -> None:
    """The correlation id equals the body's Id; the tenant is echoed; nothing is cached."""
    caller = await link()

    answer = await caller.get("Organisation")

    assert answer.json()["Id"] == answer.headers["xero-correlation-id"]
    assert caller.tenant_id == answer.headers["xero-tenant-id"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "max-age=0, no-cache, no-store"


@pytest.mark.behaviour(
    "Organisation",
    "one organisation, with the keys of the wire and the id of the tenant",
)
async def test_organisation_has_the_keys_seen_on_the_wire(link: Link) -> None:
    """One organisation, whose id is the tenant's."""
    caller = await link()

    (one,) = (await caller.get("Organisation")).json()["Organisations"]

    assert set(one) >= WIRE_ORGANISATION
    assert caller.tenant_id == one["OrganisationID"]
    assert re.fullmatch(r"/Date\(\d+\)/", one["CreatedDateUTC"])


@pytest.mark.behaviour("Lists", "unpaged invoices have empty lines and a thin contact")
async def test_unpaged_invoices_are_thin(link: Link) -> None:
    """LineItems are there but empty, the contact has id and name, there is no pagination."""
    caller = await link(opening=SMALL)

    answer = (await caller.get("Invoices")).json()

    assert "pagination" not in answer
    assert len(answer["Invoices"]) == 20
    for one in answer["Invoices"]:
        assert set(one) >= WIRE_INVOICE
        assert one["LineItems"] == []
        assert {"ContactID", "Name", "Addresses", "Phones", "ContactGroups", "ContactPersons",
                "HasValidationErrors"} == set(one["Contact"])  # fmt: skip


@pytest.mark.behaviour("Lists", "paged invoices have lines and a fuller contact")
async def test_paged_invoices_have_lines_and_a_fuller_contact(link: Link) -> None:
    """Paging is what brings the lines."""
    caller = await link(opening=SMALL)

    for one in (await caller.get("Invoices", {"page": 1})).json()["Invoices"]:
        assert one["LineItems"]
        assert "ContactStatus" in one["Contact"]
        assert {"LineItemID", "TaxAmount", "LineAmount", "Tracking"} <= set(one["LineItems"][0])


@pytest.mark.behaviour("Lists", "summaryOnly forces paging and drops what Xero drops")
async def test_summary_drops_what_xero_drops(link: Link) -> None:
    """summaryOnly forces paging and leaves keys out."""
    caller = await link(opening=SMALL)

    invoices = (await caller.get("Invoices", {"summaryOnly": "true"})).json()
    contacts = (await caller.get("Contacts", {"summaryOnly": "true"})).json()

    assert "pagination" in invoices
    assert "pagination" in contacts
    assert not {"Payments", "LineItems", "HasAttachments"} & set(invoices["Invoices"][0])
    assert not {"Addresses", "Balances", "ContactGroups", "ContactPersons", "IsCustomer",
                "IsSupplier"} & set(contacts["Contacts"][0])  # fmt: skip


@pytest.mark.behaviour(
    "Lists",
    "unpaged contacts have no persons, website, discount or batch payments",
)
async def test_contacts_differ_between_unpaged_paged_and_single(link: Link) -> None:
    """Unpaged lists have no contact persons, website or discount."""
    caller = await link()
    tenant = caller.running.books.tenant(caller.tenant_id)
    made = tenant.create_contact(
        Name="Ada",
        ContactPersons=[{"FirstName": "Bo"}],
        Discount="12.5",
        BatchPayments={"BankAccountNumber": "1"},
    )

    (thin,) = (await caller.get("Contacts")).json()["Contacts"]
    (paged,) = (await caller.get("Contacts", {"page": 1})).json()["Contacts"]
    (single,) = (await caller.get(f"Contacts/{made.id}")).json()["Contacts"]

    assert set(thin) >= WIRE_CONTACT
    assert thin["ContactPersons"] == []
    assert not {"Discount", "BatchPayments"} & set(thin)
    assert paged == single
    assert single["ContactPersons"][0]["FirstName"] == "Bo"


@pytest.mark.behaviour("Payments", "a list shows stubs of invoices, a single read the document")
async def test_payments_list_has_stubs_and_single_has_the_document(link: Link) -> None:
    """The invoice in a list carries no amounts or lines."""
    caller = await link(opening=SMALL)

    listed = (await caller.get("Payments")).json()["Payments"]
    (single,) = (await caller.get(f"Payments/{listed[0]['PaymentID']}")).json()["Payments"]

    assert set(listed[0]) >= WIRE_PAYMENT
    assert {"AccountID"} == set(listed[0]["Account"])
    assert "AmountDue" not in listed[0]["Invoice"]
    assert single["Invoice"]["LineItems"]
    assert {"AccountID", "Code", "Name"} == set(single["Account"])


@pytest.mark.behaviour("Answers", "unit amounts have two decimals, four with unitdp=4")
async def test_unitdp_decides_the_decimals_of_unit_amounts(link: Link) -> None:
    """Without it four-decimal prices are shown rounded, whatever the totals say."""
    caller = await link()
    tenant = caller.running.books.tenant(caller.tenant_id)
    contact = tenant.create_contact(Name="Ada")
    line = {"Description": "x", "Quantity": 3, "UnitAmount": "1.2345", "AccountCode": "200"}
    made = tenant.create_invoice(Type="ACCREC", Contact={"ContactID": contact.id}, LineItems=[line])

    two = (await caller.get(f"Invoices/{made.id}")).text
    four = (await caller.get(f"Invoices/{made.id}", {"unitdp": 4})).text

    assert '"UnitAmount": 1.23,' in two
    assert '"UnitAmount": 1.2345,' in four
    assert '"LineAmount": 3.70,' in two


@pytest.mark.behaviour("Answers", "XML comes when JSON is not asked for")
async def test_xml_is_the_default_and_carries_the_same_data(link: Link) -> None:
    """Who does not ask for JSON gets XML with plain ISO dates."""
    caller = await link(opening=SMALL)

    answer = await caller.get("Invoices", {"page": 1}, headers={"Accept": "*/*"})

    assert answer.headers["content-type"].startswith("text/xml")
    root = ElementTree.fromstring(answer.text)  # noqa: S314  # our own answer
    first = root.find("Invoices/Invoice")
    assert first is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00", first.findtext("Date") or "")
    assert first.findtext("LineItems/LineItem/LineAmount")


@pytest.mark.behaviour("Refusals", "refusals follow Accept as well")
async def test_validation_errors_come_as_xml_too(link: Link) -> None:
    """Errors follow Accept like everything else."""
    caller = await link()

    answer = await caller.put("Contacts", {"Name": ""}, Accept="text/xml")

    assert answer.status_code == 400
    root = ElementTree.fromstring(answer.text)  # noqa: S314  # our own answer
    assert root.findtext("Type") == "ValidationException"
    assert root.findtext("Elements/DataContractBase/ValidationErrors/ValidationError/Message")


def shape_of(value: Any) -> str:
    """What a JSON value looks like, dates by their form."""
    if isinstance(value, str):
        return re.sub(r"\d+", "9", value) if value.startswith("/Date(") else "text"
    if isinstance(value, bool) or value is None:
        return str(type(value).__name__)
    return "number" if isinstance(value, int | float) else type(value).__name__


def record_of(name: str, collection: str) -> dict[str, Any]:
    """The first record of a spec example."""
    example = json.loads(shared("examples", f"{name}.json").read_text())
    record: dict[str, Any] = example["responseExamples"]["200"][collection][0]
    return record


@pytest.mark.parametrize(
    ("example", "path", "collection"),
    [
        ("getOrganisations", "Organisation", "Organisations"),
        ("getInvoices", "Invoices", "Invoices"),
        ("getContacts", "Contacts", "Contacts"),
        ("getPayments", "Payments", "Payments"),
    ],
)
@pytest.mark.behaviour(
    "Published description",
    "values have the kinds of Xero's published examples",
)
async def test_values_have_the_shapes_of_the_specs_examples(
    link: Link, example: str, path: str, collection: str
) -> None:
    """Every key both have is of the same kind, dates of the same form."""
    wanted = record_of(example, collection)
    caller = await link(opening=SMALL)

    found = (await caller.get(path)).json()[collection][0]

    shared = set(wanted) & set(found)
    assert len(shared) >= 8
    assert {key: shape_of(wanted[key]) for key in shared} == {
        key: shape_of(found[key]) for key in shared
    }


@pytest.mark.behaviour(
    "Contacts",
    "balances follow open documents and the calendar, without a stamp",
)
async def test_balances_follow_open_documents_and_the_calendar(
    link: Link, clock: TurnedClock
) -> None:
    """Outstanding and overdue are there only while something is open, and are not stamped."""
    caller: Caller = await link()
    tenant = caller.running.books.tenant(caller.tenant_id)
    contact = tenant.create_contact(Name="Ada")
    made = tenant.create_invoice(
        Type="ACCREC",
        Status="AUTHORISED",
        Contact={"ContactID": contact.id},
        DueDate="2026-03-12",
        LineItems=[{"Description": "x", "UnitAmount": 100, "AccountCode": "200"}],
    )
    stamp = contact.updated_ms

    async def balances() -> Any:
        (one,) = (await caller.get(f"Contacts/{contact.id}")).json()["Contacts"]
        return one.get("Balances", {}).get("AccountsReceivable")

    open_now = await balances()
    clock.turn(days=4)
    await caller.link()
    late = await balances()
    tenant.pay(made.id)
    paid = await balances()

    assert open_now == {"Outstanding": 115.0, "Overdue": 0.0}
    assert late == {"Outstanding": 115.0, "Overdue": 115.0}
    assert paid is None
    assert stamp == contact.updated_ms
