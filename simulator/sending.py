"""What customers see of invoices: e-mails, and the address of the online invoice.

Nothing leaves the simulator. Source: Xero's "Invoices" and "OAuth 2.0 API limits": 1,000
e-mails a day for an organisation, none for a demo company. An e-mail sets SentToContact, which
is announced but leaves UpdatedDateUTC where it was (seen so by others, unconfirmed).
"""

import hashlib

from simulator import invoices
from simulator.endpoints import Found, Nested, Query
from simulator.ledger import Ledger
from simulator.model import Invoice
from simulator.refusals import Refused
from simulator.wire import fragment

EMAILS_A_DAY = 1_000
_SENDABLE = frozenset({"SUBMITTED", "AUTHORISED", "PAID"})


def email(ledger: Ledger, query: Query, key: str) -> None:
    """Send an invoice to its contact. Raises Refused, NotFound."""
    del query
    invoice = invoices.find(ledger, key)
    if invoice.type != "ACCREC" or invoice.status not in _SENDABLE:
        raise Refused("Invoice not of valid status for sending by email")
    if not ledger.contact_of(invoice).fields.get("EmailAddress"):
        raise Refused("The contact does not have an email address")
    today = ledger.today()
    sent = ledger.filing.emails.get(today, 0)
    if ledger.is_demo or sent >= EMAILS_A_DAY:
        raise Refused("The daily email limit has been reached")
    ledger.filing.emails = {today: sent + 1}
    if not invoice.sent_to_contact:
        invoice.sent_to_contact = True
        invoices.changed(ledger, invoice, stamped=False)


def online(ledger: Ledger, query: Query, key: str) -> Found:
    """Where customers read an invoice. Raises Refused, NotFound."""
    del query
    invoice = invoices.find(ledger, key)
    if invoice.type != "ACCREC" or invoice.status not in {"AUTHORISED", "PAID"}:
        raise Refused("Online invoices are available for approved sales invoices only")
    return Found([fragment({"OnlineInvoiceUrl": f"https://in.xero.com/{_token(invoice)}"})])


BELOW_INVOICE = {
    "email": Nested("Emails", act=email),
    "onlineinvoice": Nested("OnlineInvoices", read=online),
}
"""What stands below an invoice."""


def _token(invoice: Invoice) -> str:
    return hashlib.sha256(f"online {invoice.id}".encode()).hexdigest()[:40]
