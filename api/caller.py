"""Who asks: the API key behind `Authorization: Bearer lw_…`, and what it may do.

Keys are remembered for seconds, so that not every request asks the database: a key that is revoked
is forgotten as soon as its NOTIFY comes, and after `LIFE_S` at the latest. How many requests of its
minute a key has used up is `api/rate.py`.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog
from starlette.requests import Request

from api.problems import Problem
from api.rate import Rate, Rates
from storage.api_key_use import note_use
from storage.api_keys import KEY_CHANNEL, ApiKey, digest_of, look_up_api_key, well_formed
from storage.database import Database
from storage.errors import StorageError
from unified.ids import TenantId

LIFE_S: Final = 30.0  #: for how long a key is believed without asking again
MOST_KNOWN: Final = 10_000  #: keys remembered
MOST_UNKNOWN: Final = 1_000  #: texts remembered that are no key
LOOK_UPS: Final = 4  #: at once, so that strangers' guesses don't use up the database's connections
WRITE_USE_EVERY_S: Final = 10.0

_REALM: Final = 'Bearer realm="ledgerwire"'

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent the request.

    Attributes:
        rate: what is left of the key's minute; None where it has no limit.
    """

    key: ApiKey
    rate: Rate | None = None
    again: Callable[[], Awaitable[ApiKey]] | None = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """How audit and events name it: never the key itself."""
        return f"key:{self.key.id}"

    def sees(self, tenant_id: TenantId) -> bool:
        """Whether the organisation exists for this caller."""
        return self.key.sees(tenant_id)

    def require(self, scope: str) -> None:
        """Raises Problem `scope_missing` where the key does not cover it."""
        if not self.key.may(scope):
            detail = f"The key {self.key.id} has no scope {scope!r}."
            told = {"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{scope}"'}
            raise Problem("scope_missing", detail, {"needed_scope": scope}, told)

    async def check(self) -> None:
        """Look again whether the key lets its holder in: for answers that go on for long.

        Raises:
            Problem: `key_refused`.
            StorageError.
        """
        if self.again is not None:
            await self.again()


@dataclass(frozen=True, slots=True)
class _Known:
    """What a text stands for, and until when (monotonic seconds) that is believed."""

    key: ApiKey
    ended: str | None
    until_s: float


class Callers:
    """Finds keys and counts their requests. One per process."""

    def __init__(
        self,
        db: Database,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        life_s: float = LIFE_S,
    ) -> None:
        self._db = db
        self._monotonic = monotonic
        self._life_s = life_s
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._unknown: OrderedDict[bytes, None] = OrderedDict()
        self._looking = asyncio.Semaphore(LOOK_UPS)
        self._rates = Rates(db, monotonic=monotonic)
        self._used: dict[str, float] = {}

    async def of(self, request: Request) -> Caller:
        """Who sent the request; it is counted.

        Raises:
            Problem: `key_missing`, `key_refused`, `limit_spent`.
            StorageError: the database can't be asked.
        """
        text = _text_of(request)
        digest = digest_of(text)

        async def again() -> ApiKey:
            return await self._living(digest, text)

        key = await again()
        self._used[key.id] = self._monotonic()
        return Caller(key, await self._rates.count(key), again)

    def forget(self, key_id: str) -> None:
        """Ask the database again when this key comes next; "": for every key."""
        for digest, known in list(self._known.items()):
            if key_id in ("", known.key.id):
                del self._known[digest]

    async def watch(self, stop: asyncio.Event) -> None:
        """Hear of revoked keys, and write down now and then when keys were last used."""
        subscription = await self._db.listen(KEY_CHANNEL, self.forget)
        try:
            while not stop.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), WRITE_USE_EVERY_S)
                await self.write_use()
        finally:
            await subscription.close()

    async def write_use(self) -> None:
        """Write down when the keys that came since the last time were used; next time, if the
        database is away."""
        used, self._used = self._used, {}
        now_s = self._monotonic()
        try:
            await note_use(self._db, {key_id: now_s - at for key_id, at in used.items()})
        except StorageError as error:
            self._used = {**used, **self._used}
            log.warning("key_use_not_written", error=type(error).__name__)

    async def _living(self, digest: bytes, text: str) -> ApiKey:
        known = await self._find(digest, text)
        if known is None:
            raise _refused("No key has this text.")
        if known.ended is not None:
            word = {"revoked": "was revoked", "expired": "has expired"}[known.ended]
            raise _refused(f"The key {known.key.id} {word}.")
        return known.key

    async def _find(self, digest: bytes, text: str) -> _Known | None:
        found = self._remembered(digest)
        if found is not None or digest in self._unknown:
            return found
        async with self._looking:
            found = self._remembered(digest)  # by whoever looked it up meanwhile
            if found is None:
                found = await self._look_up(digest, text)
        return found

    def _remembered(self, digest: bytes) -> _Known | None:
        found = self._known.get(digest)
        if found is None or found.until_s <= self._monotonic():
            return None
        self._known.move_to_end(digest)
        return found

    async def _look_up(self, digest: bytes, text: str) -> _Known | None:
        asked_s = self._monotonic()
        found = await look_up_api_key(self._db, text)
        if found is None:
            # No key ever comes to have a text that somebody has sent before.
            self._unknown[digest] = None
            if len(self._unknown) > MOST_UNKNOWN:
                self._unknown.popitem(last=False)
            return None
        life_s = self._life_s if found.lives_s is None else min(self._life_s, found.lives_s)
        known = _Known(found.key, found.ended, asked_s + life_s)
        self._known[digest] = known
        self._known.move_to_end(digest)
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return known


def _text_of(request: Request) -> str:
    told = request.headers.getlist("authorization")
    if len(told) > 1:
        raise _refused("Authorization stands more than once.")
    kind, _, text = (told[0] if told else "").strip().partition(" ")
    if kind.lower() != "bearer" or not text.strip():
        raise Problem(
            "key_missing", "The request carries no API key.", headers={"WWW-Authenticate": _REALM}
        )
    if not well_formed(text.strip()):
        raise _refused("No key has this text.")
    return text.strip()


def _refused(detail: str) -> Problem:
    told = {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
    return Problem("key_refused", detail, headers=told)
