"""How an attempt to link ended, told to who should hear it: an opener, a caller, a person."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import structlog
from starlette.responses import RedirectResponse, Response

from api.consent import (
    LinkedTenant,
    NothingToLink,
    TenantBusy,
    UnknownOrganisation,
    WrongOrganisation,
)
from api.link_rules import NotAllowed
from api.origins import with_query
from api.pages import PRIVATE_HEADERS, Told, page
from storage.errors import StorageError
from xero.errors import AppRefused, ConsentRevoked, XeroError

log = structlog.get_logger(__name__)

START_AGAIN = "Open the link again to start over."
MESSAGE = "ledgerwire.link"  #: `type` of the message to the page that opened the window


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What came of it.

    Attributes:
        code: a word for programs; None: it is linked.
        status: of the page, where a page is the answer.
    """

    heading: str
    sentences: tuple[str, ...]
    code: str | None = None
    status: int = 200
    linked: tuple[LinkedTenant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who hears of it; the first that is there.

    Attributes:
        opener: origin of the page that opened the window.
        return_to: where the caller wants the person back.
        again: where the person may start over.
    """

    opener: str | None = None
    return_to: str | None = None
    again: str | None = None


def tell(ending: Ending, audience: Audience, *, root: str) -> Response:
    """The answer to the browser. `root`: the path below which browsers see us."""
    if audience.opener is None and audience.return_to is not None:
        address = with_query(audience.return_to, _pairs(ending))
        return RedirectResponse(address, status_code=303, headers=PRIVATE_HEADERS)
    told = Told(
        heading=ending.heading,
        sentences=[
            each for each in ending.sentences if each != START_AGAIN or audience.again is None
        ],
        good=ending.code is None,
        names=tuple(each.name or each.tenant_id for each in ending.linked),
        again=audience.again if ending.code is not None else None,
    )
    if audience.opener is None:
        return page(told, status=ending.status)
    message = msgspec.json.encode(_message(ending)).decode()
    script = {"src": f"{root}/connect/popup.js", "opener": audience.opener, "message": message}
    return page(told, status=ending.status, script=script)


def linked(found: Sequence[LinkedTenant]) -> Ending:
    """It worked."""
    books = (
        "Reading its books begins now." if len(found) == 1 else "Reading their books begins now."
    )
    return Ending(
        heading="Linked",
        sentences=(books, "You may close this window."),
        linked=tuple(found),
    )


def refused(code: str, *sentences: str, status: int = 400) -> Ending:
    """It did not, for a reason that a person can do something about."""
    log.info("link_refused", reason=code)
    return Ending(heading="Not linked", sentences=sentences, code=code, status=status)


def not_given(error: str) -> Ending:
    """The person said no, or Xero refused the request itself; `error` is Xero's word."""
    if error == "invalid_scope":
        said = "Xero does not allow this app one of the scopes it asked for: check the setting."
        return refused("invalid_scope", said, START_AGAIN)
    code = "access_denied" if error == "access_denied" else "consent_not_given"
    return refused(code, "Consent was not given, so nothing was linked.", START_AGAIN)


def failed(error: Exception) -> Ending:
    """An error of ours or of Xero's, in words for the person at the browser.

    Raises: what is none of theirs.
    """
    match error:
        case NotAllowed():
            return refused(error.code, str(error))
        case NothingToLink():
            return refused("nothing_chosen", str(error), START_AGAIN)
        case TenantBusy():
            return refused("tenant_busy", str(error), "Try again in some minutes.", status=409)
        case UnknownOrganisation():
            return refused("session_required", str(error))
        case WrongOrganisation():
            return refused("wrong_organisation", str(error), START_AGAIN, status=409)
        case XeroError() | StorageError():
            return _trouble(error)
        case _:
            raise error


def _trouble(error: XeroError | StorageError) -> Ending:
    log.warning("link_failed", error=type(error).__name__)
    if isinstance(error, ConsentRevoked):
        said = "Xero no longer takes the code: it works once and for five minutes."
        return refused("code_spent", said, START_AGAIN)
    if isinstance(error, AppRefused):
        said = "Xero refuses this app. Whoever runs it should check client id, secret and scopes."
        return refused("app_refused", said, status=502)
    said = "Something did not answer just now, and nothing was linked."
    again = "Wait a minute, then open the link again."
    return refused("unavailable", said, again, status=503)


def _pairs(ending: Ending) -> list[tuple[str, str]]:
    if ending.code is not None:
        return [("error", ending.code)]
    return [("tenant_id", each.tenant_id) for each in ending.linked]


def _message(ending: Ending) -> dict[str, object]:
    if ending.code is not None:
        return {"type": MESSAGE, "code": ending.code, "message": " ".join(ending.sentences)}
    tenants = [
        {"tenant_id": each.tenant_id, "name": each.name, "first": each.first}
        for each in ending.linked
    ]
    return {"type": MESSAGE, "tenants": tenants}
