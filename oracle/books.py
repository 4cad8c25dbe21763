"""The raw books of a simulator, made one shape whatever envelope they come in.

Only this file knows the envelope. What stands in it is Xero's own wire form, of single answers
with four decimals of unit prices.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from oracle.wire import guid

_JSON = msgspec.json.Decoder(float_hook=Decimal)

Raw = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TenantBooks:
    """One organisation: raw objects by their lower-case Xero ids."""

    tenant: str
    organisation: Raw
    contacts: Mapping[str, Raw]
    invoices: Mapping[str, Raw]

    @property
    def base_currency(self) -> str | None:
        """The organisation's own currency."""
        return self.organisation.get("BaseCurrency") or None

    def things(self) -> Iterator[tuple[str, str, Raw]]:
        """(resource, remote id, raw object) of everything that is carried."""
        yield "company_info", str(guid(self.organisation["OrganisationID"])), self.organisation
        for remote_id, raw in self.contacts.items():
            yield "contact", remote_id, raw
        for remote_id, raw in self.invoices.items():
            yield "invoice", remote_id, raw


def read_books(body: Any) -> dict[str, TenantBooks]:
    """Books by tenant id, from the JSON text or the decoded object.

    Accepts `{"tenants": [...]}`, `{"tenants": {id: ...}}`, or the list or mapping alone.
    """
    found = _JSON.decode(body) if isinstance(body, bytes | str) else body
    if isinstance(found, Mapping) and "tenants" in found:
        found = found["tenants"]
    if isinstance(found, Mapping):
        found = [{"tenant_id": tenant, **held} for tenant, held in found.items()]
    books = [_tenant(held) for held in found]
    return {held.tenant: held for held in books}


def _tenant(held: Raw) -> TenantBooks:
    organisation = held.get("Organisation") or held.get("Organisations") or {}
    if isinstance(organisation, list):
        organisation = organisation[0]
    tenant = held.get("tenant_id") or held.get("TenantID") or organisation.get("OrganisationID")
    return TenantBooks(
        tenant=str(guid(tenant)),
        organisation=organisation,
        contacts=_by_id(held.get("Contacts"), "ContactID"),
        invoices=_by_id(held.get("Invoices"), "InvoiceID"),
    )


def _by_id(items: Any, key: str) -> dict[str, Raw]:
    return {str(guid(item[key])): item for item in items or ()}
