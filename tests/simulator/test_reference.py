"""What documents refer to at Xero: writes, refusals, status moves, lists; themes and actions."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from simulator import chart, items, tax_rates, tracking
from simulator.books import Tenant
from simulator.refusals import NotFound, Refused
from tests.simulator.callers import API, Caller
from tests.simulator.conftest import Link

behaviour = pytest.mark.behaviour
ACCOUNTS = "Accounts"
RATES = "Tax rates"
ITEMS = "Items"
TRACKING = "Tracking categories"
OTHERS = "Currencies, themes and actions"
COMPONENT = {"Name": "State", "Rate": "2.25"}


def messages(answer: Any) -> list[str]:
    """The sentences of a refusal."""
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert (body["ErrorNumber"], body["Type"]) == (10, "ValidationException")
    return [each["Message"] for each in body["Elements"][0]["ValidationErrors"]]


async def held(caller: Caller, path: str, **params: str) -> list[dict[str, Any]]:
    """The only list of an answer."""
    answer = await caller.get(path, params)
    assert answer.status_code == 200, answer.text
    found = [value for value in answer.json().values() if isinstance(value, list)]
    return list(found[0])


async def delete(caller: Caller, path: str) -> httpx.Response:
    """DELETE below the accounting API."""
    return await caller.http.delete(f"{API}/{path}", headers=caller.headers)


@behaviour(ACCOUNTS, "PUT creates one, GET lists the whole chart, with system accounts")
@behaviour(ACCOUNTS, "`page` is not looked at: every list is whole")
async def test_chart_of_accounts(link: Link) -> None:
    """Class follows type; bank accounts have their own keys and no description."""
    caller = await link()
    made = await caller.put(
        "Accounts", {"Code": "585", "Name": "Zebra feed", "Type": "EXPENSE", "Description": "Hay"}
    )
    chart_ = await held(caller, "Accounts", page="2")
    account = made.json()["Accounts"][0]

    assert (account["Class"], account["TaxType"], account["Status"]) == (
        "EXPENSE",
        "INPUT2",
        "ACTIVE",
    )
    assert account["AccountID"] in {each["AccountID"] for each in chart_}
    systems = {each.get("SystemAccount") for each in chart_}
    assert {"DEBTORS", "CREDITORS", "GST", "RETAINEDEARNINGS", "ROUNDING"} <= systems
    bank = next(each for each in chart_ if each["Type"] == "BANK")
    assert {"BankAccountNumber", "BankAccountType", "CurrencyCode"} <= set(bank)
    assert "Description" not in bank
    assert await held(caller, f"Accounts/{account['AccountID']}") == [account]


@behaviour(ACCOUNTS, "codes and names are unique, codes have at most 10 characters")
@behaviour(ACCOUNTS, "bank accounts need a number and a currency of the organisation")
@pytest.mark.parametrize(
    ("element", "said"),
    [
        ({"Code": "200", "Name": "New", "Type": "EXPENSE"}, "unique Code"),
        ({"Code": "2001", "Name": "sales", "Type": "REVENUE"}, "unique Name"),
        ({"Code": "12345678901", "Name": "New", "Type": "EXPENSE"}, "Maximum of 10"),
        ({"Code": "1", "Name": "N" * 151, "Type": "EXPENSE"}, "150"),
        ({"Name": "New", "Type": "EXPENSE"}, "Code is required"),
        ({"Code": "1", "Type": "EXPENSE"}, "Name is required"),
        ({"Code": "1", "Name": "New"}, "Type is required"),
        ({"Code": "1", "Name": "New", "Type": "MAGIC"}, "Type is invalid"),
        ({"Code": "1", "Name": "New", "Type": "EXPENSE", "TaxType": "TAX099"}, "TAX099"),
        ({"Name": "New", "Type": "BANK"}, "Bank Account Number"),
        (
            {"Name": "New", "Type": "BANK", "BankAccountNumber": "1", "CurrencyCode": "XPF"},
            "not subscribed to currency XPF",
        ),
        (
            {"Name": "New", "Type": "BANK", "BankAccountNumber": "1", "BankAccountType": "SAFE"},
            "Bank Account Type",
        ),
    ],
)
def test_account_is_refused(tenant: Tenant, element: dict[str, Any], said: str) -> None:
    """In Xero's sentences, with nothing kept."""
    before = len(tenant.ledger.reference.accounts)
    with pytest.raises(Refused, match=said):
        chart.create(tenant.ledger, element)

    assert len(tenant.ledger.reference.accounts) == before


@behaviour(ACCOUNTS, "status is changed alone; archived accounts take no new lines")
async def test_account_is_archived_and_restored(link: Link) -> None:
    """Details and status in one request are refused, as Xero does."""
    caller = await link()
    account = next(each for each in await held(caller, "Accounts") if each.get("Code") == "260")
    path = f"Accounts/{account['AccountID']}"

    both = await caller.post(path, {"Status": "ARCHIVED", "Name": "Other"})
    assert messages(both) == ["Cannot update account details and STATUS on the same request"]
    archived = (await caller.post(path, {"Status": "ARCHIVED"})).json()["Accounts"][0]
    assert archived["Status"] == "ARCHIVED"
    contact = next(iter(caller.running.books)).create_contact(Name="Acme")
    invoice = {
        "Type": "ACCREC",
        "Contact": {"ContactID": contact.id},
        "Status": "AUTHORISED",
        "DueDate": "2026-04-01",
        "LineItems": [{"Description": "x", "UnitAmount": 1, "AccountCode": "260"}],
    }
    [sentence] = messages(await caller.put("Invoices", invoice))
    assert "260" in sentence
    renamed = (await caller.post(path, {"Name": "Odds and ends"})).json()["Accounts"][0]
    assert (renamed["Name"], renamed["Status"]) == ("Odds and ends", "ARCHIVED")
    await caller.post(path, {"Status": "ACTIVE"})
    assert (await caller.put("Invoices", invoice)).status_code == 200


@behaviour(ACCOUNTS, "DELETE of an unused account answers DELETED; then it vanishes")
@behaviour(ACCOUNTS, "system accounts and used ones are not deleted, system ones not archived")
async def test_account_is_deleted(link: Link) -> None:
    """What is used can be archived instead."""
    caller = await link()
    chart_ = await held(caller, "Accounts")
    idle = next(each for each in chart_ if each.get("Code") == "416")
    system = next(each for each in chart_ if each.get("SystemAccount") == "DEBTORS")
    used = next(each for each in chart_ if each.get("Code") == "200")

    gone = await delete(caller, f"Accounts/{idle['AccountID']}")
    assert gone.json()["Accounts"][0]["Status"] == "DELETED"
    assert (await caller.get(f"Accounts/{idle['AccountID']}")).status_code == 404
    assert idle["AccountID"] not in {each["AccountID"] for each in await held(caller, "Accounts")}
    for account, word in ((system, "system"), (used, "in use")):
        answer = await delete(caller, f"Accounts/{account['AccountID']}")
        assert answer.status_code == 400
        assert word in answer.json()["Elements"][0]["ValidationErrors"][0]["Message"]
    archived = await caller.post(f"Accounts/{system['AccountID']}", {"Status": "ARCHIVED"})
    assert "system" in messages(archived)[0]


@behaviour(ACCOUNTS, "If-Modified-Since, where and order select; PUT takes one at a time")
async def test_accounts_are_selected(link: Link) -> None:
    """The chart in one piece, or what of it was asked for."""
    caller = await link()
    banks = await held(caller, "Accounts", where='Type=="BANK" AND Status=="ACTIVE"')
    ordered = await held(caller, "Accounts", order="Code DESC")
    two = {"Accounts": [{"Code": c, "Name": c, "Type": "EXPENSE"} for c in ("1", "2")]}

    assert {each["Type"] for each in banks} == {"BANK"}
    assert [each["Code"] for each in ordered] == sorted(
        (each["Code"] for each in ordered), reverse=True
    )
    assert (await caller.put("Accounts", two)).status_code == 400
    assert (await caller.post("Accounts", {})).status_code == 405
    later = await caller.get("Accounts", headers={"If-Modified-Since": "2099-01-01T00:00:00"})
    assert later.json()["Accounts"] == []


@behaviour(ACCOUNTS, "a new code shows on the lines that had the old one")
def test_account_code_is_changed(tenant: Tenant) -> None:
    """Lines follow their account; their stamps do not move."""
    contact = tenant.create_contact(Name="Acme")
    line = {"Description": "x", "UnitAmount": 1, "AccountCode": "200"}
    invoice = tenant.create_invoice(
        Type="ACCREC", Contact={"ContactID": contact.id}, LineItems=[line]
    )
    stamp = invoice.updated_ms
    account = tenant.ledger.account(code="200")
    assert account is not None
    chart.update(tenant.ledger, account, {"Code": "201"})

    shown = tenant.raw()["Invoices"][0]["LineItems"][0]
    assert (shown["AccountCode"], shown["AccountID"]) == ("201", account.id)
    assert invoice.updated_ms == stamp


@behaviour(RATES, "custom rates get TAX001 and on; a compound component is levied on the others")
@behaviour(RATES, "POST changes the rate of that TaxType or name; archived ones tax nothing new")
async def test_tax_rates_are_made_and_moved(link: Link) -> None:
    """Effective and displayed rates differ where one component compounds."""
    caller = await link()
    parts = [COMPONENT, {"Name": "City", "Rate": 10, "IsCompound": True}]
    made = await caller.put("TaxRates", {"Name": "Both", "TaxComponents": parts})
    rate = made.json()["TaxRates"][0]

    assert (rate["TaxType"], rate["DisplayTaxRate"], rate["EffectiveRate"]) == (
        "TAX001",
        12.25,
        12.475,
    )
    assert (rate["CanApplyToExpenses"], rate["CanApplyToRevenue"]) == (True, False)
    changed = await caller.post("TaxRates", {"Name": "Both", "TaxComponents": [COMPONENT]})
    assert changed.json()["TaxRates"][0]["EffectiveRate"] == 2.25
    assert (await caller.get("TaxRates/TAX001")).json()["TaxRates"][0]["Name"] == "Both"
    archived = await caller.post("TaxRates", {"TaxType": "TAX001", "Status": "ARCHIVED"})
    assert archived.json()["TaxRates"][0]["Status"] == "ARCHIVED"
    refused = await caller.put("Items", {"Code": "X", "SalesDetails": {"TaxType": "TAX001"}})
    assert "TAX001" in messages(refused)[0]
    assert (await caller.get("TaxRates/TAX009")).status_code == 404


@behaviour(RATES, "rates that come with the country are fixed; used ones are not deleted")
@pytest.mark.parametrize(
    ("element", "said"),
    [
        ({"TaxType": "OUTPUT2", "Name": "Mine"}, "cannot be modified"),
        ({"TaxType": "TAX077", "Name": "Mine"}, "TAX077"),
        ({"Name": "Mine"}, "TaxComponent is required"),
        ({"Name": "Mine", "TaxComponents": [{"Name": "x"}]}, "Rate from 0 to 100"),
        (
            {"Name": "Mine", "TaxComponents": [{**COMPONENT, "IsCompound": True}] * 2},
            "Only one TaxComponent",
        ),
        ({"TaxComponents": [COMPONENT]}, "Name is required"),
        ({"TaxType": "TAX001", "Status": "DELETED"}, "in use"),
        ({"TaxType": "TAX001", "Status": "GONE"}, "not valid"),
        ({"TaxType": "TAX001", "Name": "Zero Rated"}, "unique"),
    ],
)
def test_tax_rate_is_refused(tenant: Tenant, element: dict[str, Any], said: str) -> None:
    """In sentences; the rate stays as it was."""
    rate = tax_rates.create(tenant.ledger, {"Name": "Levy", "TaxComponents": [COMPONENT]})
    items.create(tenant.ledger, {"Code": "X", "SalesDetails": {"TaxType": rate.id}})
    before = tax_rates.wire(rate)
    with pytest.raises(Refused, match=said):
        tax_rates.save(tenant.ledger, element, create_only=False)

    assert tax_rates.wire(rate) == before


@behaviour(RATES, "a deleted custom rate stays listed as DELETED, and is final")
def test_tax_rate_is_deleted(tenant: Tenant) -> None:
    """Its name is free again; it is not."""
    made = {"Name": "Levy", "TaxComponents": [COMPONENT]}
    rate = tax_rates.create(tenant.ledger, made)
    tax_rates.update(tenant.ledger, rate, {"Status": "DELETED"})

    assert "TAX001" in {each["TaxType"] for each in tenant.raw()["TaxRates"]}
    assert tax_rates.create(tenant.ledger, made).id == "TAX002"
    with pytest.raises(Refused, match="has been deleted"):
        tax_rates.update(tenant.ledger, rate, {"Status": "ACTIVE"})


@behaviour(ITEMS, "PUT creates, POST creates or updates by ItemID or Code, DELETE answers 204")
@behaviour(ITEMS, "unit prices have 4 decimals with unitdp=4, else 2")
async def test_items_come_and_go(link: Link) -> None:
    """A deleted item is found nowhere."""
    caller = await link()
    made = await caller.put(
        "Items?unitdp=4", {"Code": "LAMP", "SalesDetails": {"UnitPrice": 12.3456}}
    )
    item = made.json()["Items"][0]
    path = f"Items/{item['ItemID']}"

    assert (item["Name"], item["IsTrackedAsInventory"]) == ("LAMP", False)
    assert item["SalesDetails"]["UnitPrice"] == 12.3456
    assert (await held(caller, path))[0]["SalesDetails"]["UnitPrice"] == 12.35
    again = await caller.put("Items", {"Code": "LAMP"})
    assert messages(again) == ["Price List Item with Code 'LAMP' already exists"]
    changed = await caller.post("Items", {"Code": "LAMP", "Description": "Bright"})
    assert changed.json()["Items"][0]["ItemID"] == item["ItemID"]
    alone = await caller.post(path, {"Name": "Lamp"})
    assert alone.json()["Items"][0]["Description"] == "Bright"
    assert (await held(caller, "Items/LAMP"))[0]["Name"] == "Lamp"
    gone = await delete(caller, path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await caller.get(path)).status_code == 404
    assert "LAMP" not in {each["Code"] for each in await held(caller, "Items")}


@behaviour(ITEMS, "tracked items need an inventory and a cost account, and stay once used")
def test_tracked_items(tenant: Tenant) -> None:
    """Quantity and cost pool are shown of them alone."""
    ledger = tenant.ledger
    element = {"Code": "BOX", "InventoryAssetAccountCode": "630"}
    for wrong in ({}, {"COGSAccountCode": "200"}, {"AccountCode": "310", "COGSAccountCode": "310"}):
        with pytest.raises(Refused):
            items.create(ledger, {**element, "PurchaseDetails": wrong})
    with pytest.raises(Refused, match="not of the type"):
        items.create(ledger, {**element, "InventoryAssetAccountCode": "200"})
    with pytest.raises(Refused, match="tracked item"):
        items.create(ledger, {"Code": "BOX", "PurchaseDetails": {"COGSAccountCode": "310"}})
    box = items.create(ledger, {**element, "PurchaseDetails": {"COGSAccountCode": "310"}})
    shown = items.wire(ledger, box, 4)

    assert {"QuantityOnHand", "TotalCostPool", "InventoryAssetAccountCode"} <= set(shown)
    contact = tenant.create_contact(Name="Acme")
    line = {"ItemCode": "BOX", "Description": "x", "UnitAmount": 1, "AccountCode": "200"}
    tenant.create_invoice(Type="ACCREC", Contact={"ContactID": contact.id}, LineItems=[line])
    with pytest.raises(Refused, match="used on transactions"):
        items.delete(ledger, box)


@behaviour(ITEMS, "approved documents move a tracked item's quantity and its cost pool")
def test_stock_moves_with_approved_documents(tenant: Tenant) -> None:
    """Bills add at cost, sales leave at the average; drafts move nothing, nor does any stamp."""
    desk = items.find(tenant.ledger, "DESK-01")
    contact = tenant.create_contact(Name="Acme")
    stamp = desk.updated_ms
    for kind, quantity, price, status in (
        ("ACCPAY", 8, "500", "AUTHORISED"),
        ("ACCREC", 5, "900", "AUTHORISED"),
        ("ACCREC", 7, "900", "DRAFT"),
    ):
        line = {"ItemCode": "DESK-01", "Quantity": quantity, "UnitAmount": price}
        tenant.create_invoice(
            Type=kind,
            Contact={"ContactID": contact.id},
            Status=status,
            DueDate="2026-04-01",
            LineItems=[line],
        )
    shown = items.wire(tenant.ledger, desk, 4)

    # 12 for 4,920.00 and 8 for 4,000.00 are 20 at 446.00 each; 15 are left.
    assert (shown["QuantityOnHand"], shown["TotalCostPool"]) == (15, Decimal("6690.00"))
    assert desk.updated_ms == stamp


@behaviour(ITEMS, "a line takes from its item what it does not say itself, and shows the item")
def test_lines_follow_their_item(tenant: Tenant) -> None:
    """Description, price, account and tax; an unknown code is refused."""
    contact = tenant.create_contact(Name="Acme")
    who: dict[str, Any] = {"Type": "ACCREC", "Contact": {"ContactID": contact.id}}
    tenant.create_invoice(**who, LineItems=[{"ItemCode": "CONSULT", "Quantity": 2}])
    line = tenant.raw()["Invoices"][0]["LineItems"][0]

    assert (line["UnitAmount"], line["AccountCode"], line["TaxType"]) == (145, "200", "OUTPUT2")
    assert line["Description"] == "Consulting, per hour"
    assert line["Item"]["Code"] == line["ItemCode"] == "CONSULT"
    assert items.find(tenant.ledger, "CONSULT").id == line["Item"]["ItemID"]
    with pytest.raises(Refused, match="Item code 'NOPE'"):
        tenant.create_invoice(**who, LineItems=[{"ItemCode": "NOPE"}])


@behaviour(TRACKING, "two categories may be active, four there at all; names are unique")
@behaviour(TRACKING, "archived categories and options are shown to who asks includeArchived")
async def test_tracking_categories(link: Link) -> None:
    """Both places are taken in new books, so one has to go first."""
    caller = await link()
    region, person = await held(caller, "TrackingCategories")
    path = f"TrackingCategories/{region['TrackingCategoryID']}"

    full = await caller.put("TrackingCategories", {"Name": "Project"})
    assert "maximum number" in messages(full)[0]
    await caller.post(path, {"Status": "ARCHIVED"})
    assert await held(caller, "TrackingCategories") == [person]
    everything = await held(caller, "TrackingCategories", includeArchived="true")
    assert {each["Status"] for each in everything} == {"ACTIVE", "ARCHIVED"}
    taken = await caller.put("TrackingCategories", {"Name": person["Name"]})
    assert "already used" in messages(taken)[0]
    made = await caller.put("TrackingCategories", {"Name": "Project"})
    assert made.json()["TrackingCategories"][0]["Options"] == []
    back = await caller.post(path, {"Status": "ACTIVE"})
    assert "maximum number" in messages(back)[0]


@behaviour(TRACKING, "options are added by PUT, renamed and archived by POST, removed by DELETE")
async def test_tracking_options(link: Link) -> None:
    """Deleted ones vanish; what answers says so."""
    caller = await link()
    category = (await held(caller, "TrackingCategories"))[0]
    path = f"TrackingCategories/{category['TrackingCategoryID']}"
    made = await caller.put(f"{path}/Options", {"Options": [{"Name": "Moon"}, {"Name": "Mars"}]})
    moon, mars = made.json()["Options"]

    renamed = await caller.post(f"{path}/Options/{moon['TrackingOptionID']}", {"Name": "Luna"})
    assert renamed.json()["Options"][0]["Name"] == "Luna"
    archived = await caller.post(
        f"{path}/Options/{moon['TrackingOptionID']}", {"Status": "ARCHIVED"}
    )
    assert archived.json()["Options"][0]["IsArchived"] is True
    gone = await delete(caller, f"{path}/Options/{mars['TrackingOptionID']}")
    assert (gone.json()["Options"][0]["IsDeleted"], gone.status_code) == (True, 200)
    listed = {each["TrackingCategoryID"]: each for each in await held(caller, "TrackingCategories")}
    names = {each["Name"] for each in listed[category["TrackingCategoryID"]]["Options"]}
    assert not names & {"Luna", "Mars", "Moon"}
    single = (await held(caller, path, includeArchived="true"))[0]
    assert "Luna" in {each["Name"] for each in single["Options"]}
    assert "Luna" not in {each["Name"] for each in (await held(caller, path))[0]["Options"]}
    twice = await caller.put(f"{path}/Options", {"Name": "Luna"})
    assert "already used" in messages(twice)[0]
    missing = await caller.post(f"{path}/Options/{mars['TrackingOptionID']}", {"Name": "x"})
    assert missing.status_code == 404


@behaviour(TRACKING, "lines take options by ids or by names, of active categories only")
@behaviour(TRACKING, "what lines have is not deleted")
def test_tracking_on_lines(tenant: Tenant) -> None:
    """Either way the line shows ids and names."""
    ledger = tenant.ledger
    region = next(each for each in ledger.reference.categories if each.name == "Region")
    north, south = region.options[:2]
    contact = tenant.create_contact(Name="Acme")
    line = {"Description": "x", "UnitAmount": 1, "AccountCode": "200"}
    by_id = [{"TrackingCategoryID": region.id, "TrackingOptionID": north.id}]
    by_name = [{"Name": "Region", "Option": "South"}]
    tenant.create_invoice(
        Type="ACCREC",
        Contact={"ContactID": contact.id},
        LineItems=[{**line, "Tracking": by_id}, {**line, "Tracking": by_name}],
    )
    first, second = tenant.raw()["Invoices"][0]["LineItems"]

    assert first["Tracking"][0] == {
        "Name": "Region",
        "Option": "North",
        "TrackingCategoryID": region.id,
        "TrackingOptionID": north.id,
    }
    assert second["Tracking"][0]["TrackingOptionID"] == south.id
    for wrong in (by_id * 2, by_id * 3, [{"Name": "Region", "Option": "Moon"}], [{"Name": "?"}]):
        with pytest.raises(Refused):
            tracking.on_line(ledger, list(wrong))
    with pytest.raises(Refused, match="has been used"):
        tracking.delete(ledger, region)
    with pytest.raises(Refused, match="has been used"):
        tracking.delete_option(ledger, region, north)
    tracking.update(ledger, region, {"Status": "ARCHIVED"})
    with pytest.raises(Refused, match="not active"):
        tracking.on_line(ledger, list(by_id))
    other = next(each for each in ledger.reference.categories if each is not region)
    assert tracking.delete(ledger, other)["Status"] == "DELETED"
    with pytest.raises(NotFound):
        tracking.find(ledger, other.id)


@behaviour(OTHERS, "currencies are added and never removed; they have no single address")
@behaviour(OTHERS, "If-Modified-Since is not looked at where nothing is stamped")
async def test_currencies(link: Link) -> None:
    """Adding one that is there changes nothing."""
    caller = await link()
    before = await held(caller, "Currencies")
    for _ in range(2):
        made = await caller.put("Currencies", {"Code": "SGD", "Description": "Mine"})
        assert made.json()["Currencies"] == [{"Code": "SGD", "Description": "Singapore Dollar"}]
    late = await caller.get("Currencies", headers={"If-Modified-Since": "2099-01-01T00:00:00"})

    assert len(late.json()["Currencies"]) == len(before) + 1
    assert "NZD" in {each["Code"] for each in before}
    assert "XYZ" in messages(await caller.put("Currencies", {"Code": "XYZ"}))[0]
    assert (await delete(caller, "Currencies/SGD")).status_code == 404
    found = await held(caller, "Currencies", where='Code=="SGD"')
    assert [each["Code"] for each in found] == ["SGD"]


@behaviour(OTHERS, "branding themes are read; payment services are made and offered by themes")
async def test_themes_and_payment_services(link: Link) -> None:
    """Payment services want a scope of their own."""
    caller = await link(scope="openid offline_access accounting.settings paymentservices")
    first, *_ = await held(caller, "BrandingThemes")
    path = f"BrandingThemes/{first['BrandingThemeID']}"
    service = {"PaymentServiceName": "ACME", "PaymentServiceUrl": "https://pay.example/"}
    made = (await caller.put("PaymentServices", service)).json()["PaymentServices"][0]

    assert (first["SortOrder"], first["Type"]) == (0, "INVOICE")
    assert await held(caller, path) == [first]
    assert await held(caller, f"{path}/PaymentServices") == []
    offered = await caller.post(
        f"{path}/PaymentServices", {"PaymentServiceID": made["PaymentServiceID"]}
    )
    assert offered.json()["PaymentServices"] == [made]
    assert await held(caller, f"{path}/PaymentServices") == [made]
    assert made in await held(caller, "PaymentServices")
    assert "unique" in messages(await caller.put("PaymentServices", service))[0]
    unknown = await caller.post(
        f"{path}/PaymentServices", {"PaymentServiceID": first["BrandingThemeID"]}
    )
    assert "could not be found" in messages(unknown)[0]


@behaviour(OTHERS, "Organisation/Actions tells what may be done")
@behaviour(OTHERS, "settings want accounting.settings, items also invoices, services their own")
async def test_actions_and_scopes(link: Link) -> None:
    """Scopes are Xero's own for each endpoint."""
    caller = await link(scope="openid offline_access accounting.invoices")
    for path, status in (("Accounts", 401), ("Items", 200), ("PaymentServices", 401)):
        assert (await caller.get(path)).status_code == status, path
    settled = await link()
    actions = {each["Name"]: each["Status"] for each in await held(settled, "Organisation/Actions")}

    assert actions["UseMulticurrency"] == "ALLOWED"
    assert actions["CreateRepeatingInvoice"] == "NOT-ALLOWED"
