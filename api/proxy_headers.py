"""Which headers pass the proxy: all but those of the connection, those that are about us, and those
by which one server would set rules for another's address."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from api.operation import Asked
from api.writing.keys import HEADER as IDEMPOTENCY_KEY
from api.writing.keys import key_of

_HOP_BY_HOP: Final = frozenset({  # RFC 9110, section 7.6.1
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
#: Who asks us, whom, on which way; and words by which one method would pass for another.
_OURS: Final = frozenset({
    "authorization", "x-tenant-id", "xero-tenant-id", "x-request-id", "host", "cookie",
    "content-length", "expect", "origin", "referer", "forwarded", "via", "x-real-ip",
    "x-http-method", "x-http-method-override", "x-method-override", "idempotency-key",
})  # fmt: skip
_OUR_PREFIXES: Final = ("x-forwarded-", "proxy-", "sec-")
#: What Xero would say of its own address: here it would be believed of ours. `date` is the
#: server's that the caller talks to.
_ORIGINS: Final = frozenset({
    "set-cookie", "set-cookie2", "strict-transport-security", "alt-svc", "clear-site-data", "nel",
    "report-to", "reporting-endpoints", "public-key-pins", "date", "x-request-id",
    "ledgerwire-problem",
})  # fmt: skip
_ORIGIN_PREFIXES: Final = ("access-control-",)
_DEFAULTS: Final = (
    # Left out, these would be filled in on the way; so they say that nothing was said.
    ("accept-encoding", "identity"),
    ("accept", "*/*"),
    ("user-agent", "ledgerwire"),
)


def request_headers(asked: Asked) -> tuple[tuple[str, str], ...]:
    """What goes to Xero; authorisation, tenant and length are added by others.

    An Idempotency-Key is replaced by a digest of it with key and organisation: Xero's are one set
    for the whole app, so that two callers who chose the same word would get in each other's way.

    Raises:
        Problem: `bad_request`.
    """
    given = [(name.lower(), value) for name, value in asked.request.headers.items()]
    named = _named(value for name, value in given if name == "connection")
    kept = [
        (name, value)
        for name, value in given
        if name not in _HOP_BY_HOP | _OURS | named and not name.startswith(_OUR_PREFIXES)
    ]
    names = {name for name, _ in kept}
    kept += [each for each in _DEFAULTS if each[0] not in names]
    key = key_of(asked, required=False)
    if key is not None:
        # Apart from those of our own writes: the same word there is another request.
        kept.append((IDEMPOTENCY_KEY, sha256(f"proxy|{key.digest}".encode()).hexdigest()))
    return tuple(kept)


def answer_headers(given: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What comes back to the caller, as Xero wrote it."""
    listed = [(name.lower().decode("latin-1"), name, value) for name, value in given]
    named = _named(value.decode("latin-1") for low, _, value in listed if low == "connection")
    return [
        (name, value)
        for low, name, value in listed
        if low not in _HOP_BY_HOP | _ORIGINS | named and not low.startswith(_ORIGIN_PREFIXES)
    ]


def _named(connection: Iterable[str]) -> frozenset[str]:
    """The headers that a Connection header says to be of the connection."""
    return frozenset(word.strip().lower() for value in connection for word in value.split(","))
