"""The Construction Industry Scheme of the United Kingdom: settings alone, all of them off.

Organisations of other countries have none: 404 (Xero does not say what it answers there).
"""

from simulator import contacts
from simulator.endpoints import Found, Nested, Query
from simulator.ledger import Ledger
from simulator.refusals import NotFound
from simulator.wire import fragment


def _of_contact(ledger: Ledger, query: Query, key: str) -> Found:
    del query
    contacts.find(ledger, key)
    _check(ledger)
    return Found([fragment({"CISEnabled": False, "Rate": 0})])


def _of_organisation(ledger: Ledger, query: Query, key: str) -> Found:
    del query
    if key.lower() != ledger.tenant_id:
        raise NotFound(key)
    _check(ledger)
    settings = {"CISContractorEnabled": False, "CISSubContractorEnabled": False, "Rate": 0}
    return Found([fragment(settings)])


def _check(ledger: Ledger) -> None:
    if ledger.country.code != "GB":
        raise NotFound("CISSettings")


BELOW_CONTACT = {"cissettings": Nested("CISSettings", read=_of_contact)}
BELOW_ORGANISATION = {"cissettings": Nested("CISSettings", read=_of_organisation)}
