"""What an answer means: its items, or the error of the tree in `errors.py` that it stands for.

Error bodies come as JSON, XML, HTML or text, whatever was asked for, and now and then under the
wrong Content-Type; so the status decides, and the body only adds what can be read from it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from unified.ids import TenantId
from xero.errors import (
    AccessTokenRefused,
    Complaint,
    PayloadRefused,
    RateLimited,
    ResourceMissing,
    ScopeMissing,
    TenantRefused,
    UndecodableAnswer,
    XeroError,
    XeroUnreachable,
)
from xero.limits import problem_of, retry_after, wait_of
from xero.wire import Answer

MOST_MESSAGES = 50
MOST_MESSAGE_CHARACTERS = 500

_ANY = msgspec.json.Decoder(float_hook=Decimal)


def decode(body: bytes) -> Any:
    """Decode JSON with exact numbers: `int` and `Decimal`, never `float`.

    Raises:
        UndecodableAnswer: it is no JSON, or breaks off.
    """
    try:
        return _ANY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "truncated" if "truncated" in str(error) else "not_json"
        raise UndecodableAnswer(reason, f"{len(body)} bytes") from None


def refusal(answer: Answer, *, tenant_id: TenantId | None, what: str) -> XeroError:
    """The error that an answer other than 2xx stands for.

    Args:
        tenant_id: for whom the call was made; None for calls without a tenant.
        what: names the thing asked for in messages, such as `Invoices/{id}`.
    """
    status = answer.status
    if status == 429:
        problem = problem_of(answer.headers)
        return RateLimited(tenant_id, problem, wait_of(answer.headers, problem))
    if status >= 500:
        wait_s = retry_after(answer.headers)
        return XeroUnreachable(f"{what} said {status}", status=status, retry_after_s=wait_s)
    if status < 400:
        return UndecodableAnswer("shape", f"{what} said {status}, which is no answer of an API")
    return _client_error(answer, tenant_id, what)


def _client_error(answer: Answer, tenant_id: TenantId | None, what: str) -> XeroError:
    match answer.status:
        case 401:
            return _unauthorized(answer, what)
        case 403:
            return TenantRefused(tenant_id)
        case 404:
            return ResourceMissing(what)
        case _:
            return _payload_refused(answer)


def _unauthorized(answer: Answer, what: str) -> XeroError:
    """Tell an ended token from a missing scope: refreshing for the latter would never end."""
    said = error_body(answer)
    detail = str(said.get("detail") or "")
    if "AuthorizationUnsuccessful" in detail:
        return ScopeMissing(what)
    word = "TokenExpired" if detail.startswith("TokenExpired") else "not known"
    return AccessTokenRefused(word)


def _payload_refused(answer: Answer) -> PayloadRefused:
    said = error_body(answer)
    number = said.get("errornumber")
    kind = said.get("type") or said.get("title")
    return PayloadRefused(
        answer.status,
        error_number=number if isinstance(number, int) else None,
        error_type=str(kind)[:80] if kind else None,
        complaints=_complaints(said)[:MOST_MESSAGES],
    )


def error_body(answer: Answer) -> Mapping[str, Any]:
    """What an error body says, with keys in lower case: Xero writes `Detail` and `detail`.

    Empty where the body is neither a JSON object nor XML, such as an HTML page or a sentence.
    """
    text = answer.body.strip()
    if text.startswith(b"{"):
        try:
            decoded = decode(text)
        except UndecodableAnswer:
            return {}
        return {str(key).lower(): value for key, value in decoded.items()}
    if text.startswith(b"<") and answer.content_type != "text/html":
        return _xml_error(text)
    return {}


def _xml_error(text: bytes) -> Mapping[str, Any]:
    try:
        root = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError):
        return {}
    said: dict[str, Any] = {}
    for child in root:
        name = child.tag.rpartition("}")[2].lower()
        said[name] = (child.text or "").strip()
    number = said.get("errornumber")
    if isinstance(number, str) and number.isdecimal():
        said["errornumber"] = int(number)
    found = [e.text or "" for e in root.iter() if e.tag.rpartition("}")[2] == "Message"]
    said["elements"] = [{"ValidationErrors": [{"Message": text} for text in found]}]
    return said


def _complaints(said: Mapping[str, Any]) -> list[Complaint]:
    """The sentences of a validation error, each of a place once, in the order of the elements."""
    found: list[Complaint] = []
    elements = said.get("elements")
    for element in elements if isinstance(elements, list) else []:
        found += complaints_of(element)
    headline = said.get("message") or said.get("detail")
    if not found and isinstance(headline, str) and headline:
        found.append(Complaint(headline[:MOST_MESSAGE_CHARACTERS]))
    return list(dict.fromkeys(found))


def complaints_of(element: Any) -> list[Complaint]:
    """What Xero says against an element, wherever it hangs: on itself, its lines, its contact."""
    found: list[Complaint] = []
    _collect(element, (), found)
    return list(dict.fromkeys(found))


def _collect(node: Any, place: tuple[str | int, ...], found: list[Complaint]) -> None:
    if isinstance(node, list):
        for index, each in enumerate(node):
            _collect(each, (*place, index), found)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "ValidationErrors" and isinstance(value, list):
                said = [e.get("Message") for e in value if isinstance(e, dict)]
                found += [Complaint(str(e)[:MOST_MESSAGE_CHARACTERS], place) for e in said if e]
            elif isinstance(value, (dict, list)):
                _collect(value, (*place, key), found)
