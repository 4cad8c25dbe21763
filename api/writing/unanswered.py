"""What callers are told of a write of which nobody can say yet, or any more, what came of it."""

import math
from datetime import datetime, timedelta
from typing import Final

from api.problems import Problem
from api.trouble import problem_of
from api.writing.plan import Plan
from storage.errors import NeedsReauth, StorageError, TenantNotLinked
from unified.codecs import instant_text
from xero.errors import UndecodableAnswer, XeroError, XeroUnreachable
from xero.writes import KEY_LIFE

MARGIN: Final = timedelta(minutes=1)  #: of Xero's memory, for what is under way and for clocks
RESOLVABLE: Final = KEY_LIFE - MARGIN
AGAIN_S: Final = 2  #: seconds after which a write that is in hand is worth asking about


def in_progress() -> Problem:
    """What is said where another process or request is doing it now."""
    detail = "A request with this key is at work now."
    wait = {"retry_after_s": AGAIN_S}
    return Problem("write_in_progress", detail, wait, {"Retry-After": str(AGAIN_S)})


def unresolved(trouble: XeroError | StorageError, until: datetime, *, now: datetime) -> Problem:
    """What is said where Xero can still be asked what it did, with what kept it from telling."""
    detail = "No answer came from Xero yet."
    match trouble:
        case XeroUnreachable() | UndecodableAnswer():
            pass  # which says no more
        case XeroError() | NeedsReauth() | TenantNotLinked():
            detail += f" {problem_of(trouble, now=now).detail}"
    told_s = trouble.retry_after_s if isinstance(trouble, XeroError) else None
    # A longer wait would end when nobody can find out any more, and that is better known at once.
    wait_s = max(AGAIN_S, min(math.ceil(told_s or AGAIN_S), int((until - now).total_seconds())))
    return Problem(
        "write_unresolved",
        detail,
        {"retry_after_s": wait_s, "resolvable_until": instant_text(until)},
        {"Retry-After": str(wait_s)},
    )


def outcome_unknown(detail: str, plan: Plan | None, began_at: datetime) -> Problem:
    """What is said where nobody can know any more, and where to look."""
    members = {} if plan is None else {"find_out": plan.look(began_at - MARGIN)}
    return Problem("write_outcome_unknown", detail, members)
