"""Webhook payloads: events, their hand-made serialisation, and the signature.

Source: Xero's "Webhooks overview" and "Configuring your server", recorded deliveries. The
key order and the odd blanks are Xero's; whoever serialises a payload again gets other bytes
and so another signature. Sending is in deliveries.py, validation in intent.py.
"""

import base64
import hashlib
import hmac
import random
import string
from dataclasses import dataclass
from typing import Any

from simulator.ledger import Change
from simulator.wire import compact, from_ms

API = "https://api.xero.com/api.xro/2.0"
SIGNATURE = "x-xero-signature"

_PATHS = {
    "CONTACT": "Contacts",
    "INVOICE": "Invoices",
    "PAYMENT": "Payments",
    "CREDITNOTE": "CreditNotes",
    "PREPAYMENT": "Prepayments",
    "OVERPAYMENT": "Overpayments",
}


@dataclass(frozen=True)
class Event:
    """One event of a payload; `data` only for the newer categories."""

    resource_id: str
    tenant_id: str
    category: str
    kind: str
    at_ms: int
    data: dict[str, str] | None = None

    def body(self) -> dict[str, Any]:
        """Keys in the order of the wire."""
        out: dict[str, Any] = {
            "resourceUrl": f"{API}/{_PATHS[self.category]}/{self.resource_id}",
            "resourceId": self.resource_id,
            "tenantId": self.tenant_id,
            "tenantType": "ORGANISATION",
            "eventCategory": self.category,
            "eventType": self.kind,
            "eventDateUtc": from_ms(self.at_ms).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
        }
        if self.data is not None:
            out["data"] = self.data
        return out


def of_change(change: Change, lag_ms: int) -> Event:
    """The event of a change, stamped a little after its record."""
    return Event(
        resource_id=change.record_id,
        tenant_id=change.tenant_id,
        category=change.category,
        kind=change.kind,
        at_ms=change.stamped_ms + lag_ms,
        data=change.data,
    )


def serialise(events: list[dict[str, Any]], first: int, last: int, entropy: str) -> bytes:
    """One payload: no blank inside events, blanks after the colons of the other keys."""
    return (
        b'{"events":'
        + compact(events)
        + f',"firstEventSequence": {first},"lastEventSequence": {last}, '.encode()
        + f'"entropy": "{entropy}"}}'.encode()
    )


def entropy(rng: random.Random) -> str:
    """20 capital letters that salt the hash."""
    return "".join(rng.choices(string.ascii_uppercase, k=20))


def sign(key: str, body: bytes) -> str:
    """Standard base64 of HMAC-SHA256; the key is used as text, never decoded."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def headers(signature: str) -> dict[str, str]:
    """The headers Xero sends beside Host and Content-Length."""
    return {
        "Accept": "*/*",
        "Accept-Encoding": "gzip, deflate",
        "Content-Type": "application/json; charset=utf-8",
        SIGNATURE: signature,
    }
