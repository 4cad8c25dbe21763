"""Errors of Xero's side and of the database's, as problems for the caller. Decided here alone."""

import math
from datetime import datetime, timedelta

from api.problems import Problem
from storage.errors import (
    NeedsReauth,
    SecretsUnreadable,
    StorageError,
    TenantNotLinked,
    UnknownTenant,
)
from unified.codecs import instant_text
from xero.errors import (
    AccessTokenRefused,
    AppRefused,
    ConsentRevoked,
    PayloadRefused,
    RateLimited,
    ResourceMissing,
    ScopeMissing,
    TenantRefused,
    UndecodableAnswer,
    XeroError,
    XeroUnreachable,
)

UNAVAILABLE_S = 5  #: seconds after which a database or a Xero that is away is worth another try


def problem_of(error: XeroError | StorageError, *, now: datetime) -> Problem:
    """What a caller is told of it. `now` is business time, by which limits are counted."""
    if isinstance(error, StorageError):
        return _of_storage(error)
    return _of_xero(error, now)


def _of_storage(error: StorageError) -> Problem:
    match error:
        case UnknownTenant() | TenantNotLinked(state="unknown"):
            return Problem("tenant_unknown", "No such organisation is known to this key.")
        case TenantNotLinked(state=state):
            detail = f"The organisation is {state.replace('_', ' ')}."
            return Problem("tenant_not_linked", detail, {"tenant_state": state})
        case NeedsReauth():
            return Problem("needs_reauth", "Xero no longer takes the organisation's consent.")
        case SecretsUnreadable():
            return Problem("secrets_unreadable", "The organisation's tokens can't be opened.")
        case _ if error.retriable:
            wait = {"retry_after_s": UNAVAILABLE_S}
            return Problem("storage_unavailable", "Nothing was done.", wait, _after(UNAVAILABLE_S))
        case _:
            return Problem("internal_error", type(error).__name__)


def _of_xero(  # noqa: PLR0911  # one for each error of the tree
    error: XeroError, now: datetime
) -> Problem:
    match error:
        case RateLimited(problem=limit, retry_after_s=wait_s):
            free_at = instant_text(now + timedelta(seconds=wait_s))
            members = {"limit": limit, "retry_after_s": round(wait_s, 1), "free_at": free_at}
            detail = f"The {limit} limit of this organisation's calls to Xero is spent."
            return Problem("limit_spent", detail, members, _after(wait_s))
        case PayloadRefused(messages=messages):
            said = [{"path": "", "remote_field": None, "message": each} for each in messages]
            members = {"provider_errors": said, "provider_status": error.status}
            return Problem("xero_refused", f"{len(said)} messages of Xero's follow.", members)
        case ResourceMissing():
            return Problem("xero_not_found", "Xero answered that there is no such thing.")
        case ScopeMissing():
            return Problem("consent_scope_missing", "Xero refused for want of a scope.")
        case ConsentRevoked():
            return Problem("needs_reauth", "Xero no longer takes the organisation's consent.")
        case TenantRefused():
            members = {"tenant_state": "disconnected"}
            return Problem("tenant_not_linked", "Xero refuses the organisation to us.", members)
        case UndecodableAnswer():
            return Problem("xero_answer_unreadable", f"Xero's answer was {error.reason}.")
        case AppRefused():
            return Problem("app_refused", "Xero refuses the app.")
        case XeroUnreachable() | AccessTokenRefused():
            wait_s = error.retry_after_s or UNAVAILABLE_S
            members = {"retry_after_s": round(wait_s, 1)}
            detail = "Xero gave no usable answer."
            return Problem("xero_unreachable", detail, members, _after(wait_s))
        case _:
            return Problem("internal_error", type(error).__name__)


def _after(wait_s: float) -> dict[str, str]:
    return {"Retry-After": str(max(1, math.ceil(wait_s)))}
