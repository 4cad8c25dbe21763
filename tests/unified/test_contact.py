"""Contacts: roles, merging, balances, bank details, and the way back to Xero."""

from typing import Any

import pytest

from tests.unified.books import NZ, contact, normalized, wire
from unified.codecs import Drift
from unified.resource import NormalizeError
from unified.resources.contact import CONTACT
from unified.shape import Read

MERGED = {"ContactStatus": "ARCHIVED", "MergedToContactID": "de1e7ed0-0000-4000-8000-00000000dead"}


@pytest.mark.parametrize(
    ("before", "after", "facts"),
    [
        ({}, {"ContactStatus": "ARCHIVED"}, ["contact.archived"]),
        ({"ContactStatus": "ARCHIVED"}, {}, ["contact.restored"]),
        ({}, MERGED, ["contact.merged"]),
        ({"ContactStatus": "ARCHIVED"}, MERGED, ["contact.merged"]),
        (MERGED, {**MERGED, "Name": "x"}, ["contact.renamed"]),
        ({}, {"Name": "Ruru Ltd"}, ["contact.renamed"]),
        ({}, {"EmailAddress": "x@y.example"}, []),
    ],
)
def test_facts_say_what_happened(
    before: dict[str, Any], after: dict[str, Any], facts: list[str]
) -> None:
    """Merging is not merely archiving, and a restored contact is worth knowing."""
    assert facts == CONTACT.facts(contact(**before), contact(**after))


def test_merging_removes_the_loser() -> None:
    """It stays on record, with a pointer to who lives on, who deserves a look too."""
    record = contact(**MERGED, ContactGroups=[])

    assert CONTACT.removal(record) == "merged"
    assert record["is_deleted"] is True
    assert CONTACT.linked(record) == [("Contacts", MERGED["MergedToContactID"])]
    assert CONTACT.removal(contact(ContactStatus="ARCHIVED")) is None
    assert CONTACT.linked(contact(ContactGroups=[])) == []


def test_balances_are_kept_but_never_compared() -> None:
    """They move without the contact's stamp moving: as content they would never settle."""
    before, after = contact(), contact(Balances=...)

    assert after["balances"] is None
    assert CONTACT.fingerprint(before) == CONTACT.fingerprint(after)
    assert CONTACT.content_hash(before) == CONTACT.content_hash(after)
    assert CONTACT.changed_fields(before, after) == []


def test_names_in_references_are_no_content() -> None:
    """A renamed group or theme does not change the contact; another group does."""
    group = {"ContactGroupID": "17b44ed7-4389-4162-91cb-3dd5766e4e22", "Name": "Wholesale"}
    other = {"ContactGroupID": "27b44ed7-4389-4162-91cb-3dd5766e4e22", "Name": "Trade"}
    record = contact()

    assert CONTACT.changed_fields(record, contact(ContactGroups=[group])) == []
    moved = contact(ContactGroups=[other])
    assert CONTACT.changed_fields(record, moved) == [
        f"/groups/{moved['groups'][0]['id']}",
        f"/groups/{record['groups'][0]['id']}",
    ]
    two, turned = contact(ContactGroups=[group, other]), contact(ContactGroups=[other, group])
    assert CONTACT.fingerprint(two) == CONTACT.fingerprint(turned)


def test_defaults_by_name_are_content() -> None:
    """Default tracking has no ids, so there the name is all that can change."""
    other = [{"TrackingCategoryName": "Region", "TrackingOptionName": "North"}]
    changed = CONTACT.changed_fields(contact(), contact(SalesTrackingCategories=other))

    assert changed == ["/sales_defaults/tracking/0/option"]
    assert CONTACT.change_class(changed) == "material"
    assert CONTACT.change_class(["/has_attachments"]) == "cosmetic"


@pytest.mark.parametrize(
    ("held", "batch", "shown"),
    [
        ("01-0123-0456789-00", ..., "****8900"),
        ("", {"BankAccountNumber": "12345678"}, "****5678"),
        (..., {"BankAccountNumber": "1234567"}, "****"),
        (..., {}, None),
        (..., ..., None),
    ],
)
def test_bank_details_are_masked(held: Any, batch: Any, shown: str | None) -> None:
    """Records travel far: of an account number only the end is shown, of a short one nothing."""
    assert shown == contact(BankAccountDetails=held, BatchPayments=batch)["bank_details"]


def test_masked_bank_details_are_never_written_back() -> None:
    """That would replace the account number at Xero by asterisks."""
    assert "BankAccountDetails" not in CONTACT.denormalize(contact())
    body = CONTACT.denormalize({"name": "N", "bank_details": "02-0002-0000002-00"})
    assert body == {"Name": "N", "BankAccountDetails": "02-0002-0000002-00"}


def test_shells_of_phones_and_addresses_are_dropped() -> None:
    """Xero fills lists up with empty entries and keeps no order; neither is a change."""
    phones = wire("contact", "customer_and_vendor")["Phones"]
    before, after = contact(), contact(Phones=list(reversed(phones)))

    assert before == after
    assert [phone["type"] for phone in before["phones"]] == ["default", "mobile", "unknown"]
    assert contact(Phones=[{"PhoneType": "FAX", "PhoneNumber": ""}])["phones"] == []


@pytest.mark.parametrize(
    ("country", "area", "number", "e164"),
    [
        ("64", "21", "123 4567", "+64211234567"),
        ("+64", "21", "123-4567", "+64211234567"),
        ("", "", "+1 (555) 010-0000", "+15550100000"),
        ("64", "09", "123 4567", None),
        ("", "21", "1234567", None),
        ("64", "21", "", None),
        ("64", "21", "12", None),
        ("64", "21", "1" * 15, None),
        ("", "", "+0123456789", None),
    ],
)
def test_e164_only_without_doubt(country: str, area: str, number: str, e164: str | None) -> None:
    """A wrong number dialled is worse than none."""
    phone = {
        "PhoneType": "MOBILE",
        "PhoneNumber": number,
        "PhoneAreaCode": area,
        "PhoneCountryCode": country,
    }
    assert contact(Phones=[phone])["phones"][0]["e164"] == e164


def test_write_body_of_a_contact() -> None:
    """What Xero lets be written; empty phones and addresses are sent, since Xero keeps others."""
    body = CONTACT.denormalize(contact())
    phone, address = ("PhoneNumber", "PhoneAreaCode", "PhoneCountryCode"), "AddressLine1"

    assert body["ContactID"] == "aa11bb22-cc33-4d44-8e55-ff6600778899"
    assert body["ContactStatus"] == "ACTIVE"
    assert body["DefaultCurrency"] == "NZD"
    assert body["Phones"] == [
        dict(zip(("PhoneType", *phone), ("DEFAULT", "545 0000", "03", "64"), strict=True)),
        dict(zip(("PhoneType", *phone), ("MOBILE", "1234567", "21", "64"), strict=True)),
        {"PhoneType": "PAGER", "PhoneNumber": "+64 3 545 0001"},
        dict(zip(("PhoneType", *phone), ("DDI", "", "", ""), strict=True)),
        dict(zip(("PhoneType", *phone), ("FAX", "", "", ""), strict=True)),
    ]
    assert [(each["AddressType"], each[address]) for each in body["Addresses"]] == [
        ("POBOX", "PO Box 9"),
        ("STREET", "12 Rātā St"),
    ]
    assert body["ContactPersons"][0] == {
        "FirstName": "Wiremu",
        "LastName": "Pere",
        "EmailAddress": "wiremu@tui.example",
        "IncludeInEmails": True,
    }
    assert body["PaymentTerms"] == {"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}}
    assert (body["SalesDefaultAccountCode"], body["PurchasesDefaultAccountCode"]) == ("200", "310")
    assert body["SalesDefaultLineAmountType"] == "INCLUSIVE"
    assert "PurchasesDefaultLineAmountType" not in body
    assert (body["AccountsReceivableTaxType"], body["AccountsPayableTaxType"]) == (
        "OUTPUT2",
        "INPUT2",
    )
    assert body["SalesTrackingCategories"] == [
        {"TrackingCategoryName": "Region", "TrackingOptionName": "South"}
    ]
    read_only = {"Discount", "Website", "Balances", "ContactGroups", "IsCustomer", "BrandingTheme"}
    assert not read_only & set(body)
    assert "PaymentTerms" not in CONTACT.denormalize(contact(PaymentTerms={}))


def test_what_is_written_reads_back_the_same() -> None:
    """The body, laid over what Xero holds, is the same contact again."""
    before = contact()
    answer = {**wire("contact", "customer_and_vendor"), **CONTACT.denormalize(before)}
    answer["PurchasesDefaultLineAmountType"] = "SOMETIMES"

    assert before == CONTACT.normalize(answer, NZ, Read.SINGLE).record


def test_drift_is_counted_on_every_level() -> None:
    """Top-level keys, keys of nested objects, and values."""
    person = {"FirstName": "A", "Pronoun": "they"}
    seen = normalized("contact", "customer_and_vendor", ContactPersons=[person])

    assert set(seen.drift) == {
        Drift("field", "Contacts.LoyaltyTier"),
        Drift("field", "ContactPerson.Pronoun"),
        Drift("value", "Phone.PhoneType", "PAGER"),
        Drift("value", "Contact.DefaultLineAmountType", "SOMETIMES"),
    }


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"ContactID": ...}, "ContactID"),
        ({"ContactID": 5}, "ContactID"),
        ({"Phones": [{}, {"PhoneNumber": []}]}, "Phones/1/PhoneNumber"),
        ({"Phones": {}, "Addresses": "x"}, "Addresses"),
        ({"BatchPayments": "x", "BankAccountDetails": ""}, "BankAccountDetails|BatchPayments"),
        ({"BrandingTheme": "x"}, "BrandingTheme"),
        ({"SalesTrackingCategories": [5]}, ...),
        ({"Discount": "many"}, ...),
        ({"Balances": {"AccountsReceivable": {"Overdue": "x"}}}, ...),
        ({"UpdatedDateUTC": "now"}, "UpdatedDateUTC"),
    ],
)
def test_what_cannot_be_read_says_where(changes: dict[str, Any], path: Any) -> None:
    """A poison object is buried with its path, and never with what stood there."""
    with pytest.raises(NormalizeError) as caught:
        contact(**changes)

    assert caught.value.resource == "contact"
    assert path in {..., caught.value.path}
    assert caught.value.remote_id == (
        None if "ContactID" in changes else "aa11bb22-cc33-4d44-8e55-ff6600778899"
    )
    assert str(caught.value).endswith(caught.value.reason)
    assert "many" not in str(caught.value)
