"""Contacts: customers and vendors, who are one list at Xero.

Balances move without a contact's stamp moving, so they are kept but never compared.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from unified.codecs import (
    CURRENCY,
    FLAG,
    NUMBER,
    TEXT,
    Codec,
    CodecError,
    Scope,
    choice,
    flag,
    read_text,
)
from unified.commands import creates, moves, updates
from unified.model import (
    Amount,
    BankDetail,
    Currency,
    Email,
    FreeText,
    Number,
    OneOf,
    Part,
    PaymentTerms,
    Personal,
    Phone,
    Record,
    Ref,
    Tracking,
    TypedAddress,
)
from unified.money import BASE_AMOUNT
from unified.parts import (
    ADDRESSES,
    PAYMENT_TERMS,
    PHONES,
    code_ref,
    id_ref,
    left_over,
    object_ref,
    object_refs,
)
from unified.refs import make_ref
from unified.resource import Endpoint, Resource
from unified.shape import ALL, PAGES, Constant, Derived, Field, Shape, decode_list, many, one
from unified.tracking import canon_tracking

MASK: Final = "****"  #: begins every bank detail in a record; what follows are the last digits
_SHOWN = 4

_STATUS: Final = choice(
    "Contact.ContactStatus",
    {"ACTIVE": "active", "ARCHIVED": "archived", "GDPRREQUEST": "erasure_requested"},
    written={"active": "ACTIVE", "archived": "ARCHIVED"},  # erasure is set by Xero alone
)
_LINE_AMOUNTS: Final = choice(
    "Contact.DefaultLineAmountType",
    {"EXCLUSIVE": "exclusive", "INCLUSIVE": "inclusive", "NONE": "none", "NOTAX": "none"},
    written={"exclusive": "EXCLUSIVE", "inclusive": "INCLUSIVE", "none": "NONE"},
)


# --- codecs of this resource alone -------------------------------------------------------------


def _read_roles(raw: Mapping[str, Any], scope: Scope) -> list[str]:
    customer = FLAG.decode(raw.get("IsCustomer"), scope)
    vendor = FLAG.decode(raw.get("IsSupplier"), scope)
    return [role for role, has in (("customer", customer), ("vendor", vendor)) if has]


def _mask(value: str) -> str:
    digits = "".join(letter for letter in value if letter.isalnum())
    # Of a short text, four letters would be most of it.
    return MASK + digits[-_SHOWN:] if len(digits) >= 2 * _SHOWN else MASK


def _read_bank(raw: Mapping[str, Any], scope: Scope) -> str | None:
    held = read_text(raw.get("BankAccountDetails"), scope)
    if held is None:
        batch = raw.get("BatchPayments") or {}
        if not isinstance(batch, Mapping):
            raise CodecError("not an object")
        held = read_text(batch.get("BankAccountNumber"), scope)
    return None if held is None else _mask(held)


def _write_bank(value: Any, _record: Mapping[str, Any]) -> dict[str, Any]:
    # A masked one came from a record: sending it back would destroy what Xero holds.
    return {} if str(value).startswith(MASK) else {"BankAccountDetails": value}


def _read_defaulted(value: Any, scope: Scope) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise CodecError("not an object")
    category, option = value.get("TrackingCategoryName"), value.get("TrackingOptionName")
    return {
        "category": make_ref(scope, "", None, name=read_text(category, scope)),
        "option": make_ref(scope, "", None, name=read_text(option, scope)),
    }


def _write_defaulted(choices: list[Mapping[str, Any]], _record: Mapping[str, Any]) -> list[Any]:
    return [
        {
            "TrackingCategoryName": (chosen.get("category") or {}).get("name"),
            "TrackingOptionName": (chosen.get("option") or {}).get("name"),
        }
        for chosen in choices
    ]


#: Default tracking comes by name only (Xero: Contacts, SalesTrackingCategories).
_DEFAULT_TRACKING: Final = Codec(
    lambda value, scope: decode_list(value, scope, _read_defaulted),
    _write_defaulted,
    canon_tracking,
)


def _defaults(side: str, tax_key: str, *, discount_key: str | None = None) -> Field:
    """What a new document of this contact begins with, on one side of the trade."""
    mode = f"{side}DefaultLineAmountType"
    fields = (
        Field("account", f"{side}DefaultAccountCode", code_ref("account"), write=True),
        Field("tax_rate", tax_key, id_ref("tax_rate", read_text), write=True),
        Field("tax_mode", mode, _LINE_AMOUNTS, write=True),
        Field("remote_tax_mode", (mode,), left_over(mode, _LINE_AMOUNTS)),
        Field("tracking", f"{side}TrackingCategories", _DEFAULT_TRACKING, write=True),
        # Only sales have a discount, and Xero lets nobody write it.
        Field("discount_percent", discount_key, NUMBER)
        if discount_key
        else Constant("discount_percent"),
    )
    shape = Shape("Contact", fields, partial=True)
    keys = tuple(dict.fromkeys(shape.keys))
    name = "sales_defaults" if side == "Sales" else "purchase_defaults"
    encode = lambda value, _record: shape.encode(value)  # noqa: E731  # one line, used once
    return Field(
        name, keys, Codec(shape.decode, encode, shape.canon, inside=fields), PAGES, write=True
    )


_PERSON: Final = Shape(
    "ContactPerson",
    (
        Field("first_name", "FirstName", TEXT, write=True),
        Field("last_name", "LastName", TEXT, write=True),
        Field("email", "EmailAddress", TEXT, write=True),
        Field("include_in_emails", "IncludeInEmails", flag(absent=False), write=True),
    ),
)
_SIDE: Final = Shape(
    "Balances",
    (
        Field("outstanding", "Outstanding", BASE_AMOUNT),
        Field("overdue", "Overdue", BASE_AMOUNT),
    ),
)
_BALANCES: Final = Shape(
    "Balances",
    (
        Field("receivable", "AccountsReceivable", one(_SIDE)),
        Field("payable", "AccountsPayable", one(_SIDE)),
    ),
)


# --- derived fields and meaning ----------------------------------------------------------------


def _derive(record: dict[str, Any]) -> None:
    record["roles_source"] = "provider" if record["roles"] else "none"
    emails = []
    if record["email"] is not None:
        emails.append({"type": "main", "email": record["email"], "is_primary": True})
    emails.extend(
        {"type": "person", "email": person["email"], "is_primary": False}
        for person in record["contact_persons"] or ()
        if person["email"] is not None
    )
    record["emails"] = emails


def _removed_as(record: Mapping[str, Any]) -> str | None:
    # Merging archives the contact that loses and points to the one that stays.
    merged = record["status"] == "archived" and record["merged_into"] is not None
    return "merged" if merged else None


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    facts: list[str] = []
    if after["deletion_kind"] == "merged" != before["deletion_kind"]:
        facts.append("contact.merged")
    elif before["status"] != "archived" and after["status"] == "archived":
        facts.append("contact.archived")
    if before["status"] == "archived" and after["status"] == "active":
        facts.append("contact.restored")
    if before["name"] != after["name"]:
        facts.append("contact.renamed")
    return facts


def _linked(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    into = record["merged_into"]
    merged = [] if into is None else [("Contacts", into["remote_id"])]
    return merged + [("ContactGroups", group["remote_id"]) for group in record["groups"] or ()]


def _link(record: Mapping[str, Any], short_code: str) -> str:
    # Xero: Deep linking into Xero.
    return (
        f"https://go.xero.com/organisationlogin/default.aspx?shortcode={short_code}"
        f"&redirecturl=/Contacts/View/{record['remote_id']}"
    )


# --- schema ------------------------------------------------------------------------------------


class ContactPerson(Part):
    """Somebody to talk to at a contact."""

    first_name: Personal | None
    last_name: Personal | None
    email: Personal | None
    include_in_emails: bool | None


class Defaults(Part):
    """What a new document of the contact begins with."""

    account: Ref | None
    tax_rate: Ref | None
    tax_mode: Annotated[str, OneOf("exclusive", "inclusive", "none")] | None
    remote_tax_mode: str | None
    tracking: list[Tracking]
    discount_percent: Number | None


class Balance(Part):
    """In the organisation's base currency."""

    outstanding: Amount | None
    overdue: Amount | None


class Balances(Part):
    """What the contact owes, and what it is owed, as of `verified_at`."""

    receivable: Balance | None
    payable: Balance | None


class XeroContactExtensions(Part):
    """Provider-only fields of a contact."""

    tracking_category_name: FreeText | None
    tracking_category_option: FreeText | None


class ContactExtensions(Part):
    """Provider-only fields by provider."""

    xero: XeroContactExtensions


class Contact(Record):
    """A customer, a vendor, both, or (while it has no documents) neither."""

    extensions: ContactExtensions
    name: Personal | None
    roles: list[Annotated[str, OneOf("customer", "vendor")]] | None
    roles_source: Annotated[str, OneOf("provider", "documents", "hint", "none")]
    number: str | None
    account_number: str | None
    first_name: Personal | None
    last_name: Personal | None
    email: Personal | None
    emails: list[Email]
    contact_persons: list[ContactPerson] | None
    phones: list[Phone] | None
    addresses: list[TypedAddress] | None
    company_number: str | None
    tax_number: Personal | None
    tax_number_type: str | None
    website: str | None
    currency: Currency | None
    sales_defaults: Defaults | None
    purchase_defaults: Defaults | None
    payment_terms: PaymentTerms | None
    groups: list[Ref] | None
    bank_details: BankDetail | None
    balances: Balances | None
    branding_theme: Ref | None
    network_key: str | None
    has_attachments: bool | None


CONTACT: Final = Resource(
    name="contact",
    plural="contacts",
    topic_part="contacts",
    space="accounting",
    model=Contact,
    endpoint=Endpoint(
        path="Contacts",
        item_key="Contacts",
        id_key="ContactID",
        modified_since=True,
        page_size=1000,
        ids_filter=True,
        where_id_or=False,
        sends_unitdp=False,
        list_params={"includeArchived": "true"},
        order="ContactID",
        single=True,
        scope_granular="accounting.contacts",
        scope_broad="accounting.contacts",
    ),
    webhook_category="CONTACT",
    link=_link,
    derive=_derive,
    removed_as=_removed_as,
    facts_of=_facts,
    linked_to=_linked,
    operations=(
        creates("contacts", summarizes=True),
        updates("a contact", "POST {one}", "POST {list}"),
        moves(
            "archive",
            "Archive a contact, which is the only way in which one can go",
            word="ARCHIVED",
            becomes="archived",
            legal_in=("active",),
            ends="archived",
            key="ContactStatus",
        ),
        moves(
            "restore",
            "Make an archived contact active again",
            word="ACTIVE",
            becomes="active",
            legal_in=("archived",),
            key="ContactStatus",
        ),
    ),
    required=("name",),
    fields=(
        Field("status", "ContactStatus", _STATUS, write=True),
        Field("remote_status", "ContactStatus", TEXT),
        Field("merged_into", "MergedToContactID", id_ref("contact"), PAGES),
        Field("name", "Name", TEXT, ALL, write=True),
        Field("roles", ("IsCustomer", "IsSupplier"), Codec(_read_roles), always=True),
        Derived("roles_source"),
        Field("number", "ContactNumber", TEXT, write=True),
        Field("account_number", "AccountNumber", TEXT, write=True),
        Field("first_name", "FirstName", TEXT, write=True),
        Field("last_name", "LastName", TEXT, write=True),
        Field("email", "EmailAddress", TEXT, write=True),
        Derived("emails"),
        Field("contact_persons", "ContactPersons", many(_PERSON), PAGES, write=True, always=True),
        Field("phones", "Phones", PHONES, write=True, always=True),
        Field("addresses", "Addresses", ADDRESSES, write=True, always=True),
        Field("company_number", "CompanyNumber", TEXT, write=True),
        Field("tax_number", "TaxNumber", TEXT, write=True),
        Field("tax_number_type", "TaxNumberType", TEXT, write=True),
        Field("website", "Website", TEXT, PAGES),
        Field("currency", "DefaultCurrency", CURRENCY, write=True),
        _defaults("Sales", "AccountsReceivableTaxType", discount_key="Discount"),
        _defaults("Purchases", "AccountsPayableTaxType"),
        Field("payment_terms", "PaymentTerms", PAYMENT_TERMS, PAGES, write=True),
        Field(
            "groups",
            "ContactGroups",
            object_refs("contact_group", "ContactGroupID"),
            PAGES,
            always=True,
        ),
        Field(
            "bank_details",
            ("BankAccountDetails", "BatchPayments"),
            Codec(_read_bank, _write_bank),
            PAGES,
            write=True,
        ),
        Field("balances", "Balances", one(_BALANCES), volatile=True),
        Field(
            "branding_theme",
            "BrandingTheme",
            object_ref("branding_theme", "BrandingThemeID"),
            PAGES,
            cosmetic=True,
        ),
        Field("network_key", "XeroNetworkKey", TEXT, PAGES, write=True),
        Field("has_attachments", "HasAttachments", flag(absent=False), cosmetic=True),
    ),
    extensions=(
        Field("tracking_category_name", "TrackingCategoryName", TEXT, PAGES),
        Field("tracking_category_option", "TrackingCategoryOption", TEXT, PAGES),
    ),
    ignored=(
        "Attachments",
        "HasValidationErrors",
        "ValidationErrors",
        "Warnings",
        "StatusAttributeString",
        "TaxNumbeType",
        "UpdatedDateUTCString",
    ),
)
