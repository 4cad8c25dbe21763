"""What a setting's text must look like, and how to tell a person that it does not.

Pure: nothing is connected to, and no message quotes a value, which may be a secret.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

EMBEDDED = "embedded"
HIGHEST_PORT = 65_535

_PLAINLY = {
    "int_parsing": "must be a whole number",
    "bool_parsing": "must be true or false",
}


def database_address(value: str) -> str:
    """`embedded`, or the address of a PostgreSQL.

    An address that can be read in two ways is refused: whoever reads it later would take a piece
    of the password for a port or an option, and quote it in complaining.

    Raises:
        ValueError: it is neither.
    """
    if value == EMBEDDED:
        return value
    try:
        parts = urlsplit(value)
        whole = parts.scheme in {"postgresql", "postgres"} and bool(parts.netloc or parts.query)
    except ValueError:
        whole = False
    if not whole:
        raise ValueError("must be `embedded`, or begin with postgresql://")
    if not _is_plain(parts):
        raise ValueError(
            "can't be read: the port must be a number, and in user name and password each of "
            "/ ? # @ : % must be percent-encoded"
        )
    return value


def _is_plain(parts: SplitResult) -> bool:
    """Whether nothing of the user name and password has spilled into the rest of the address."""
    user, _, hosts = parts.netloc.rpartition("@")
    options = parts.query.split("&") if parts.query else []
    try:
        for host in hosts.split(","):  # PostgreSQL takes several, each with its port
            _ = urlsplit(f"//{host}").port
    except ValueError:
        return False
    spilled = "@" in user or "@" in parts.path or bool(parts.fragment)
    return not spilled and all("=" in option for option in options)


def kafka_addresses(value: str) -> str:
    """`embedded`, or `host:port`, several separated by commas.

    Raises:
        ValueError: one of them is no host:port.
    """
    if value != EMBEDDED:
        for address in value.split(","):
            host, colon, port = address.strip().rpartition(":")
            if not (host and colon and port.isdecimal() and 0 < int(port) <= HIGHEST_PORT):
                raise ValueError("must be `embedded`, or host:port, several separated by commas")
    return value


def port_number(value: int) -> int:
    """A TCP port.

    Raises:
        ValueError: there is no such port.
    """
    if not 1 <= value <= HIGHEST_PORT:
        raise ValueError(f"must be between 1 and {HIGHEST_PORT}")
    return value


def without_password(address: str) -> str:
    """The address with its password masked, to be shown to a person; wherever it stands."""
    shown = re.sub(r"(://[^:/?#@]*):.*@", r"\1:********@", address, count=1)
    return re.sub(r"([?&](?:\w*password|passfile)=)[^&]*", r"\1********", shown)


def why(problem: Mapping[str, Any]) -> str:
    """One of pydantic's problems in words for a person, without the value."""
    kind, said = str(problem["type"]), str(problem["msg"])
    if kind == "literal_error":
        return f"must be {problem['ctx']['expected']}"
    return _PLAINLY.get(kind, said.removeprefix("Value error, "))


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=0.8)
    return found[0] if found else None
