"""What can go wrong between us and Xero.

* XeroError
  x XeroUnreachable     retriable   no answer, a 5xx, maintenance, an organisation that is offline
  x RateLimited         retriable   429: one of the call limits is spent; the call had no effect
  x UndecodableAnswer   permanent   cut short, HTML in place of JSON, another shape, too large
  x AccessTokenRefused  retriable   401: the access token ended or is not known
  x ScopeMissing        permanent   401: the token is good, but consent did not cover this
  x TenantRefused       permanent   403: this organisation is not linked (any more)
  x ResourceMissing     permanent   404: no such thing, or an address that is too long
  x PayloadRefused      permanent   400 and other 4xx: Xero's validation said no
  x WriteUnanswered     permanent   a write left and no answer says what came of it
  x ConsentRevoked      permanent   the refresh token is dead: a person must consent again
  x AppRefused          permanent   our client id, secret, grant or scopes are refused

Retriable is what passes by itself, whatever was asked: it may be repeated for as long as it
lasts. Permanent is everything else: a few more tries at most, then a person should look.

Callers do not ask which class they caught: they read `retriable` and `retry_after_s`. Messages
hold no token, no address with a query, and no body: bodies are other people's books. What Xero
says about a refused payload stands in `PayloadRefused.messages`, for the caller who sent it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from unified.ids import TenantId


class XeroError(Exception):
    """Base of everything that xero/ raises on purpose.

    Attributes:
        retriable: it passes by itself, so repeat for as long as it lasts and count no attempt.
        retry_after_s: seconds from the answer until a repeat makes sense; None: choose yourself.
    """

    retriable: ClassVar[bool] = False
    retry_after_s: float | None = None


class XeroUnreachable(XeroError):
    """Xero gave no usable answer: no connection, too slow, or a 5xx.

    Attributes:
        status: HTTP status, None where no answer came.
        outcome_unknown: the request may have reached Xero, so a write may have been done.
    """

    retriable = True

    def __init__(
        self,
        what: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        outcome_unknown: bool = True,
    ) -> None:
        super().__init__(f"Xero is unreachable: {what}")
        self.status = status
        self.retry_after_s = retry_after_s
        self.outcome_unknown = outcome_unknown


class RateLimited(XeroError):
    """A call limit is spent: Xero said 429, or our own count says that it would.

    The call had no effect, so repeating it is safe, and it costs no attempt.

    Attributes:
        tenant_id: whose limit it was; None where the call was for no tenant.
        problem: `minute`, `day`, `concurrent`, `appminute` or `unknown`.
        retry_after_s: seconds until calls are taken again; more than 0, up to 86,400.
    """

    retriable = True
    retry_after_s: float

    def __init__(self, tenant_id: TenantId | None, problem: str, retry_after_s: float) -> None:
        whose = f"tenant {tenant_id}" if tenant_id else "the app"
        super().__init__(f"{whose}: {problem} limit spent, free in {retry_after_s:.1f} s")
        self.tenant_id = tenant_id
        self.problem = problem
        self.retry_after_s = retry_after_s


class UndecodableAnswer(XeroError):
    """Xero answered something that is not what the endpoint promises.

    Attributes:
        reason: a short word: `truncated`, `not_json`, `shape` or `too_large`.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"Xero's answer can't be read ({reason}): {detail}")
        self.reason = reason


class AccessTokenRefused(XeroError):
    """Xero does not take the access token: it ended, or it was revoked.

    The client refreshes once and repeats the call once; who sees this has seen both fail.
    """

    retriable = True

    def __init__(self, detail: str) -> None:
        super().__init__(f"Xero refused the access token ({detail}), also after a refresh")


class ScopeMissing(XeroError):
    """The consent does not cover this endpoint: link again with the missing scope."""

    def __init__(self, what: str) -> None:
        super().__init__(f"consent does not cover {what}: link the organisation again")


class TenantRefused(XeroError):
    """Xero says that this tenant is not linked to the app: read the connections again."""

    def __init__(self, tenant_id: TenantId | None) -> None:
        super().__init__(f"Xero refuses tenant {tenant_id}: disconnected, or not this user's")
        self.tenant_id = tenant_id


class ResourceMissing(XeroError):
    """Xero knows no such thing, or the address was longer than it takes."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Xero has no {what}")


@dataclass(frozen=True, slots=True)
class Complaint:
    """One sentence of Xero's about a payload.

    Attributes:
        message: to whoever sent the payload; may quote it, so never log it.
        place: of what it is said, in the element that was sent: keys of Xero's and indexes.
    """

    message: str
    place: tuple[str | int, ...] = ()


class PayloadRefused(XeroError):
    """Xero's own validation, or its parser of queries, said no.

    Attributes:
        status: HTTP status, mostly 400.
        error_number: Xero's number, such as 10 (validation), 16 (query), 17 (post data).
        error_type: Xero's word, such as `ValidationException`.
        complaints: what Xero says, each sentence about a place once.
    """

    def __init__(
        self,
        status: int,
        *,
        error_number: int | None = None,
        error_type: str | None = None,
        complaints: Sequence[Complaint] = (),
    ) -> None:
        kind = error_type or "no reason given"
        super().__init__(f"Xero refused the request: {status}, {kind}, {len(complaints)} messages")
        self.status = status
        self.error_number = error_number
        self.error_type = error_type
        self.complaints = tuple(complaints)

    @property
    def messages(self) -> tuple[str, ...]:
        """The sentences, each once; they may quote the payload, so never log them."""
        return tuple(dict.fromkeys(each.message for each in self.complaints))


class WriteUnanswered(XeroError):
    """A write left and no answer says what came of it: it may have been done.

    Attributes:
        status: HTTP status, where Xero at least gave one (5xx); None: no answer came.
        because: what asking for it ended in.
        retry_after_s: seconds until Xero can be asked again, as far as `because` tells.
    """

    def __init__(self, what: str, *, because: XeroError) -> None:
        super().__init__(f"nobody knows what came of a write: {what}")
        self.status = because.status if isinstance(because, XeroUnreachable) else None
        self.because = because
        self.retry_after_s = because.retry_after_s


class ConsentRevoked(XeroError):
    """Xero takes neither this code nor this refresh token (`invalid_grant`).

    It ended unused, was used before, or the user took the consent back. Only a person can help:
    all tenants of the authorization need a new consent.
    """

    def __init__(self) -> None:
        super().__init__("consent has ended (invalid_grant): link the organisation again")


class AppRefused(XeroError):
    """Xero refuses the app itself: check client id, secret, grant and scopes in the settings.

    Attributes:
        code: OAuth's error code, such as `invalid_client`.
        retry_after_s: no call is to blame, so all wait until the settings are mended.
    """

    retry_after_s: float = 300.0

    def __init__(self, code: str) -> None:
        super().__init__(f"Xero refuses the app ({code}): check client id, secret and scopes")
        self.code = code
