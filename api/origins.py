"""Where a person may be sent, and whose pages may hear of it: addresses, compared by origin.

An open redirect would lend our name to phishing. Pure: what is allowed is handed in.
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

LONGEST_RETURN_TO = 2000  #: characters


def origin_of(address: str) -> str | None:
    """`scheme://host[:port]` in lower case, of an http(s) address; else None.

    Addresses that browsers and parsers read differently (backslashes, blanks, credentials) have
    no origin here.
    """
    if any(letter in address for letter in "\\@\t\r\n ") or not address.isprintable():
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    suffix = "" if port in (None, usual) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def is_origin_of(origin: str, origins: frozenset[str]) -> bool:
    """Whether a browser's word for an origin is among those that the settings name."""
    told = origin_of(origin)
    return told is not None and told in {origin_of(allowed) for allowed in origins}


def may_return_to(address: str, origins: frozenset[str]) -> bool:
    """Whether a person may be sent there afterwards: only to origins the settings name."""
    return len(address) <= LONGEST_RETURN_TO and is_origin_of(address, origins)


def with_query(address: str, pairs: Sequence[tuple[str, str]]) -> str:
    """The address with these names added to its query."""
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query, keep_blank_values=True), *pairs]
    return urlunsplit(parts._replace(query=urlencode(query)))
