"""Idempotency-Key: the same key and request get the stored answer for six minutes.

Source: Xero's "Idempotency": keys are per app, at most 128 characters; errors are stored
too; a key used with another request is refused. Repeats still count against the limits.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.refusals import PostUnreadable

LIFE = timedelta(minutes=6)


@dataclass(frozen=True)
class StoredAnswer:
    """What was answered the first time."""

    status: int
    body: bytes
    media_type: str | None


class Idempotency:
    """Answers by (app, key)."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._held: dict[tuple[str, str], tuple[datetime, bytes, StoredAnswer]] = {}

    def recall(self, client_id: str, key: str, request: bytes) -> StoredAnswer | None:
        """The stored answer of an earlier, equal request.

        Raises:
            PostUnreadable: the key is too long, or was used with a different request.
        """
        if len(key) > 128:
            raise PostUnreadable("The Idempotency-Key header exceeds 128 characters")
        now = self._clock()
        self._held = {k: held for k, held in self._held.items() if now - held[0] < LIFE}
        found = self._held.get((client_id, key))
        if found is None:
            return None
        if found[1] != _digest(request):
            raise PostUnreadable("The Idempotency-Key was used with a different request")
        return found[2]

    def keep(self, client_id: str, key: str, request: bytes, *, answer: StoredAnswer) -> None:
        """Store the first answer."""
        self._held[client_id, key] = (self._clock(), _digest(request), answer)


def _digest(request: bytes) -> bytes:
    return hashlib.sha256(request).digest()
