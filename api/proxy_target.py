"""Which addresses of Xero's the proxy reaches: those of its APIs for an organisation, below their
base address, and nothing else there.

The base address has more than that: `/connections`, for one, ends links of any organisation. So an
address begins with one of the APIs (`api.xro`, `payroll.xro`, `files.xro`, …), whose calls Xero
holds to the organisation that we name. What servers might read differently than we do (dot segments
however encoded, encoded slashes, backslashes) is refused, not mended.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from api.problems import Problem

PREFIX: Final = "/v1/proxy/"
_API = re.compile(r"[A-Za-z]+\.xro", re.IGNORECASE)
#: RFC 3986, section 3.3: what a segment may hold as it is.
_SEGMENT = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})*")
_QUERY = re.compile(r"[!-\"$-~]*")
_ODD = re.compile(r"[\x00-\x1f\x7f/\\]")
_MOST_DECODINGS = 3  #: deep enough for any server that decodes what it has decoded


@dataclass(frozen=True, slots=True)
class Target:
    """An address below Xero's base address.

    Attributes:
        wire: path and query, as the caller wrote them.
        api: in lower case, with its version: "api.xro/2.0".
        parts: the rest of the path, decoded.
    """

    wire: str
    api: str
    parts: tuple[str, ...]


def target_of(raw_path: bytes, query: bytes) -> Target:
    """What a request to the proxy is for, by path and query as they came over the wire.

    Raises:
        Problem: `proxy_path_refused`.
    """
    try:
        path, asked = raw_path.decode("ascii"), query.decode("ascii")
    except UnicodeDecodeError:
        raise _refused("an address is ASCII: encode other letters as %XX") from None
    if not path.startswith(PREFIX):
        raise _refused("the address itself is encoded")
    segments = path.removeprefix(PREFIX).split("/")
    if not _API.fullmatch(segments[0]):
        raise _refused("it begins with one of Xero's APIs, such as api.xro/2.0")
    if not _QUERY.fullmatch(asked):
        raise _refused("the query holds what may not stand in one")
    # One slash at the end is Xero's matter.
    inner = segments[:-1] if segments[-1] == "" else segments
    parts = [_decoded(segment) for segment in inner]
    wire = "/" + "/".join(segments)
    return Target(
        f"{wire}?{asked}" if asked else wire, "/".join(parts[:2]).lower(), tuple(parts[2:])
    )


def _decoded(segment: str) -> str:
    if not segment or not _SEGMENT.fullmatch(segment):
        raise _refused("a part of it is empty, or holds what may not stand in an address")
    try:
        first = text = unquote_to_bytes(segment).decode()
        for _ in range(_MOST_DECODINGS):
            # A server may cut off what follows a semicolon, as a parameter of the segment.
            if _ODD.search(text) or text.partition(";")[0].strip(" ") in ("", ".", ".."):
                raise _refused("a part of it is a dot segment, or holds a slash or control letter")
            text = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise _refused("a part of it is no UTF-8") from None
    return first


def _refused(why: str) -> Problem:
    return Problem("proxy_path_refused", f"This address is not passed on: {why}.")
