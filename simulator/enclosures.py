"""Files put with records now and then, by seeded chance.

Xero says of no record that a file moves its stamp, so the generator edits what it puts a file
with: who reads stamped changes can know all.
"""

import random
from collections.abc import Callable
from contextlib import suppress

from simulator import attachments, chart, manual_journals, purchase_orders, quotes
from simulator.endpoints import Attachable
from simulator.filing import Attachment
from simulator.model import CreditKind
from simulator.reference import ACTIVE
from simulator.refusals import Refused
from simulator.tenant import Tenant

_MOST = 3  #: files that the generator keeps with one record
_KINDS = (
    ("receipt", "pdf", "application/pdf", b"%PDF-1.4\n"),
    ("photo", "jpg", "image/jpeg", b"\xff\xd8\xff\xe0"),
    ("terms", "txt", "text/plain", b"As agreed: "),
)
_Choice = Callable[[Tenant, random.Random], Attachable | None]
_Edit = Callable[[Tenant, str, random.Random], object]


def enclose(tenant: Tenant, rng: random.Random) -> bool:
    """Put a file with something that can be edited, perhaps in place of one that is there, and
    edit it; False where nothing fits. Raises Refused as Xero would."""
    choose, touch = rng.choice([(choose, touch) for choose, touch in _WAYS if touch is not None])
    record = choose(tenant, rng)
    if record is None or touch is None:
        return False
    touch(tenant, record.id, rng)  # first: what may not be edited gets no file
    _put(tenant, record, rng)
    return True


def furnish(tenant: Tenant, rng: random.Random, more: int) -> None:
    """Put a file with one of each kind that can have any, and `more` beside, editing nothing."""
    ways = [choose for choose, _ in _WAYS]
    for choose in (*ways, *rng.choices(ways, k=more)):
        record = choose(tenant, rng)
        if record is not None:
            with suppress(Refused):
                _put(tenant, record, rng)


def _put(tenant: Tenant, record: Attachable, rng: random.Random) -> None:
    held = tenant.ledger.filing.files.get(record.id, [])
    name, suffix, media_type, head = rng.choice(_KINDS)
    named = f"{name}-{rng.randint(100, 999)}.{suffix}"
    if held and (len(held) >= _MOST or rng.random() < 0.3):
        named, media_type = held[0].name, held[0].media_type
    sent = Attachment("", named, media_type, head + rng.randbytes(rng.randint(20, 400)))
    attachments.keep(tenant.ledger, record, sent, by="Scanner")


def _document(tenant: Tenant, rng: random.Random) -> Attachable | None:
    return tenant.ledger.invoices.pick(
        rng, lambda i: i.status in {"DRAFT", "SUBMITTED", "AUTHORISED"} and not i.is_applied
    )


def _edit_document(tenant: Tenant, key: str, rng: random.Random) -> None:
    tenant.update_invoice(key, Reference=f"Scan {rng.randint(1000, 9999)}")


def _contact(tenant: Tenant, rng: random.Random) -> Attachable | None:
    return tenant.ledger.contacts.pick(rng, lambda c: c.status == "ACTIVE")


def _edit_contact(tenant: Tenant, key: str, rng: random.Random) -> None:
    tenant.update_contact(key, AccountNumber=f"S-{rng.randint(1000, 9999)}")


def _note(tenant: Tenant, rng: random.Random) -> Attachable | None:
    return tenant.ledger.credits[CreditKind.CREDIT_NOTE].pick(
        rng, lambda c: c.status in {"DRAFT", "SUBMITTED"}
    )


def _edit_note(tenant: Tenant, key: str, rng: random.Random) -> None:
    tenant.update_credit_note(key, Reference=f"Scan {rng.randint(1000, 9999)}")


def _account(tenant: Tenant, rng: random.Random) -> Attachable | None:
    active = [each for each in tenant.ledger.accounts if each.status == ACTIVE]
    return rng.choice(active) if active else None


def _edit_account(tenant: Tenant, key: str, rng: random.Random) -> None:
    account = chart.find(tenant.ledger, key)
    chart.update(tenant.ledger, account, {"Description": f"See file {rng.randint(10, 99)}"})


def _order(tenant: Tenant, rng: random.Random) -> Attachable | None:
    return tenant.ledger.promises.orders.pick(rng, lambda o: o.status in {"DRAFT", "SUBMITTED"})


def _edit_order(tenant: Tenant, key: str, rng: random.Random) -> None:
    order = purchase_orders.find(tenant.ledger, key)
    purchase_orders.update(tenant.ledger, order, {"Reference": f"Scan {rng.randint(1000, 9999)}"})


def _quote(tenant: Tenant, rng: random.Random) -> Attachable | None:
    return tenant.ledger.promises.quotes.pick(rng, lambda q: q.status == "DRAFT")


def _edit_quote(tenant: Tenant, key: str, rng: random.Random) -> None:
    quote = quotes.find(tenant.ledger, key)
    quotes.update(tenant.ledger, quote, {"Reference": f"Scan {rng.randint(1000, 9999)}"})


def _journal(tenant: Tenant, rng: random.Random) -> Attachable | None:
    return tenant.ledger.manual_journals.pick(rng, lambda j: j.status == "DRAFT")


def _edit_journal(tenant: Tenant, key: str, rng: random.Random) -> None:
    journal = manual_journals.find(tenant.ledger, key)
    edit = {"Narration": f"See scan {rng.randint(1000, 9999)}"}
    manual_journals.update(tenant.ledger, journal, edit)


def _bank_transaction(tenant: Tenant, rng: random.Random) -> Attachable | None:
    return tenant.ledger.bank_transactions.pick(rng, lambda b: b.status == "AUTHORISED")


def _transfer(tenant: Tenant, rng: random.Random) -> Attachable | None:
    return tenant.ledger.transfers.pick(rng, lambda _: True)


def _template(tenant: Tenant, rng: random.Random) -> Attachable | None:
    return tenant.ledger.promises.templates.pick(rng, lambda _: True)


#: What can have a file, and how it is edited so that a reader of stamps sees it; None: nothing
#: that Xero stamps for it.
_WAYS: tuple[tuple[_Choice, _Edit | None], ...] = (
    (_document, _edit_document),
    (_document, _edit_document),
    (_contact, _edit_contact),
    (_note, _edit_note),
    (_account, _edit_account),
    (_order, _edit_order),
    (_quote, _edit_quote),
    (_journal, _edit_journal),
    (_bank_transaction, None),
    (_transfer, None),
    (_template, None),
)
