"""Idempotency-Key: which write a request is, and whether it is the same request as before."""

from hashlib import sha256
from typing import Final

import msgspec

from api.operation import Asked
from api.parameters import Parameter
from api.problems import Problem, bad_request
from storage.idempotency import WriteKey

HEADER: Final = "Idempotency-Key"
MOST_LETTERS: Final = 255
_ABOUT: Final = (
    "Names this one write: the same request with the same key is done once and answered the same "
    "for seven days, whatever got lost on the way."
)


def key_parameter(*, required: bool) -> Parameter:
    """The header, for documents."""
    return Parameter(
        name=HEADER,
        about=_ABOUT,
        where="header",
        schema={"type": "string", "minLength": 1, "maxLength": MOST_LETTERS, "pattern": "^[!-~]+$"},
        required=required,
        example="order-1017-invoice",
    )


def key_of(asked: Asked, *, required: bool) -> WriteKey | None:
    """The key that the caller gave its write; None: none.

    Raises:
        Problem: `idempotency_key_required`, or `bad_request` where it is none.
    """
    told = asked.request.headers.get(HEADER)
    if told is None:
        if required:
            raise Problem("idempotency_key_required", f"{HEADER} is missing.")
        return None
    if not 1 <= len(told) <= MOST_LETTERS or not all("!" <= letter <= "~" for letter in told):
        raise bad_request(HEADER, f"is 1 to {MOST_LETTERS} letters of ASCII without blanks")
    return WriteKey(asked.tenant_id, asked.caller.key.id, told)


def fingerprint_of(asked: Asked, sent: object) -> bytes:
    """A digest that is equal for equal requests: operation, address, query and what was sent,
    whatever the order of its fields."""
    whole = [
        asked.operation.id,
        sorted(asked.path.items()),
        sorted(asked.request.query_params.multi_items()),
        asked.request.headers.get("if-match"),
        sent,
    ]
    return sha256(msgspec.json.encode(whole, order="deterministic")).digest()
