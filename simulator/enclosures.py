"""Files put with records now and then, by seeded chance.

Xero says of no record that a file moves its stamp, so the generator edits what it puts a file
with: who reads stamped changes can know all.
"""

import random
from collections.abc import Callable

from simulator import attachments, chart
from simulator.endpoints import Attachable
from simulator.filing import Attachment
from simulator.model import CreditKind
from simulator.reference import ACTIVE
from simulator.tenant import Tenant

_MOST = 3  #: files that the generator keeps with one record
_KINDS = (
    ("receipt", "pdf", "application/pdf", b"%PDF-1.4\n"),
    ("photo", "jpg", "image/jpeg", b"\xff\xd8\xff\xe0"),
    ("terms", "txt", "text/plain", b"As agreed: "),
)
_Choice = Callable[[Tenant, random.Random], Attachable | None]


def enclose(tenant: Tenant, rng: random.Random, *, edit: bool) -> bool:
    """Put a file with something, perhaps in place of one that is there; with `edit`, edit it, too.

    False where nothing fits. Raises Refused as Xero would.
    """
    choose, touch = rng.choice(_WAYS)
    record = choose(tenant, rng)
    if record is None:
        return False
    held = tenant.ledger.filing.files.get(record.id, [])
    name, suffix, media_type, head = rng.choice(_KINDS)
    named = f"{name}-{rng.randint(100, 999)}.{suffix}"
    if held and (len(held) >= _MOST or rng.random() < 0.3):
        named, media_type = held[0].name, held[0].media_type
    if edit:
        touch(tenant, record.id, rng)  # first: what may not be edited gets no file
    sent = Attachment("", named, media_type, head + rng.randbytes(rng.randint(20, 400)))
    attachments.keep(tenant.ledger, record, sent, by="Scanner")
    return True


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


_WAYS: tuple[tuple[_Choice, Callable[[Tenant, str, random.Random], None]], ...] = (
    (_document, _edit_document),
    (_document, _edit_document),
    (_contact, _edit_contact),
    (_note, _edit_note),
    (_account, _edit_account),
)
