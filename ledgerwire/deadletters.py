"""Dead letters on the command line: listed and shown, tried again, or dropped for a reason.

Where they lie and how they move stands in storage/dead_letters.py. What was kept of one is other
people's books: it is shown to who asks for that one, and stands in no log.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from ledgerwire.failures import JobFailed
from ledgerwire.installation import Installation, open_installation
from ledgerwire.naming import named_tenant
from ledgerwire.settings import Settings
from receiver.delivery import read_delivery
from storage.dead_letters import (
    DELIVERY,
    UNNAMED,
    DeadLetter,
    dead_content,
    dead_letter,
    dead_letters,
    drop_dead,
    name_dead,
    retry_dead,
    take_delivery,
)
from storage.deliveries import StoredDelivery
from storage.errors import TenantNotLinked
from storage.tenant_context import read_context
from unified.codecs import instant_text
from unified.ids import TenantId
from unified.resource import NormalizeError
from unified.resources import by_endpoint
from unified.shape import Read

MOST_AT_ONCE = 100_000  #: letters that one command looks through

log = structlog.get_logger(__name__)


class NoSuchDeadLetter(JobFailed):
    """Nothing is dead under this key (any more)."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"Nothing is dead under the key {key}: it was tried again, changed at Xero, or never "
            "was. `ledgerwire dead list` shows what is"
        )


async def list_dead_letters(
    settings: Settings, *, tenant: str | None, limit: int
) -> list[dict[str, Any]]:
    """The newest dead letters first: what, of whom, since when, why; never their content.

    Raises:
        WrongUsage: there is no such organisation.
    """
    async with open_installation(settings, connections=2, broker=False) as here:
        found = await dead_letters(here.db, await _tenant(here, tenant), limit=limit)
    return [_row(letter) for letter in found]


async def show_dead_letter(settings: Settings, key: str) -> tuple[dict[str, Any], bytes | None]:
    """One dead letter and what was kept of it: a thing's JSON or a delivery's body, if anything.

    Raises:
        NoSuchDeadLetter
    """
    async with open_installation(settings, connections=2, broker=False) as here:
        letter = await dead_letter(here.db, key)
        content = await dead_content(here.db, key)
    if letter is None:
        raise NoSuchDeadLetter(key)
    return _row(letter), content


async def retry_dead_letters(
    settings: Settings, keys: Sequence[str], *, tenant: str | None = None
) -> list[dict[str, Any]]:
    """Try dead letters again: these, or without keys all (of one tenant).

    A thing is due again, with no attempt counted: handlers read it from Xero as it is now. What
    can't be asked for (a thing whose own id could not be read, a delivery) is read once more from
    what was kept of it, and stays dead if this version can't read it either.

    Returns, for each, its `key`, whether it `stays_dead`, and what `became` of it.

    Raises:
        NoSuchDeadLetter: nothing was tried.
        WrongUsage: there is no such organisation.
    """
    async with open_installation(settings, connections=2, broker=False) as here:
        letters = await _chosen(here, keys, tenant)
        return [await _retried(here, letter) for letter in letters]


async def drop_dead_letters(
    settings: Settings, keys: Sequence[str], *, reason: str
) -> list[dict[str, Any]]:
    """Forget dead letters for good; each is one line in the log, with the reason.

    Raises:
        NoSuchDeadLetter: nothing was dropped.
    """
    async with open_installation(settings, connections=2, broker=False) as here:
        letters = await _chosen(here, keys, None)
        dropped = [letter for letter in letters if await drop_dead(here.db, [letter.key])]
    for letter in dropped:
        log.warning("dead_letter_dropped", key=letter.key, reason=reason, code=letter.error_code,
                    died_at=instant_text(letter.died_at))  # fmt: skip
    return [_row(letter) for letter in dropped]


async def _chosen(here: Installation, keys: Sequence[str], tenant: str | None) -> list[DeadLetter]:
    if not keys:
        return await dead_letters(here.db, await _tenant(here, tenant), limit=MOST_AT_ONCE)
    found = {}
    for key in keys:
        letter = await dead_letter(here.db, key)
        if letter is None:
            raise NoSuchDeadLetter(key)
        found[key] = letter
    return list(found.values())


async def _retried(here: Installation, letter: DeadLetter) -> dict[str, Any]:
    if letter.kind == DELIVERY:
        became, why = await _delivery_again(here, letter)
    elif letter.remote_id is not None and letter.remote_id.startswith(UNNAMED):
        became, why = await _unnamed_again(here, letter)
    else:
        await retry_dead(here.db, [letter.key], now=here.clock.now())
        became, why = "due", "it is read from Xero again"
    return {"key": letter.key, "stays_dead": became is None, "became": became, "why": why}


async def _delivery_again(here: Installation, letter: DeadLetter) -> tuple[str | None, str]:
    body = await dead_content(here.db, letter.key)
    read = None if body is None else read_delivery(body)
    if body is None or read is None or read.unreadable:
        return None, "this version can not read the delivery either"
    again = StoredDelivery(
        id=letter.key,
        received_at=letter.died_at,
        digest=hashlib.sha256(body).digest(),
        body=body,
        first_sequence=read.first_sequence,
        last_sequence=read.last_sequence,
        event_count=read.event_count,
        ignored=read.ignored,
        hints=read.hints,
    )
    outcome = await take_delivery(here.db, again, now=here.clock.now())
    return outcome or "gone", "its delivery can be read now"


async def _unnamed_again(here: Installation, letter: DeadLetter) -> tuple[str | None, str]:
    raw = await dead_content(here.db, letter.key)
    resource = None if letter.endpoint is None else by_endpoint(letter.endpoint)
    if raw is None or resource is None or letter.tenant_id is None:
        return None, "nothing was kept that could be read"
    try:
        context = await read_context(here.db, letter.tenant_id)
        read = resource.normalize(msgspec.json.decode(raw), context, Read.PAGED)
    except TenantNotLinked as error:
        return None, f"its organisation is {error.state}: link it first"
    except NormalizeError as error:
        return None, str(error)
    except Exception as error:  # noqa: BLE001  # whatever it is, this letter stays
        return None, f"reading what was kept failed: {type(error).__name__}"
    if not await name_dead(here.db, letter.key, read.remote_id, now=here.clock.now()):
        return "gone", "somebody else was quicker"
    return "due", f"it is {letter.endpoint} {read.remote_id}, which is read from Xero"


async def _tenant(here: Installation, name: str | None) -> TenantId | None:
    return None if name is None else (await named_tenant(here.db, name)).id


def _row(letter: DeadLetter) -> dict[str, Any]:
    return {
        "died_at": instant_text(letter.died_at),
        "kind": letter.kind,
        "tenant_id": letter.tenant_id,
        "endpoint": letter.endpoint,
        "remote_id": letter.remote_id,
        "attempts": letter.attempts,
        "error_code": letter.error_code,
        "error": letter.error,
        "size_bytes": letter.size,
        "key": letter.key,
    }
