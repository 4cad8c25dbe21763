"""The watch over webhooks: a subscription that fell silent is told from one with nothing to tell.

Xero disables a subscription whose deliveries fail for a day, and says so by e-mail at most (Xero:
webhooks). What sweeps find then is counted, since webhooks were last heard. Once it is enough,
silence is declared on the control topic, sweeps run at the pace of who has no webhooks, and a
person learns which button to press. A single delivery ends it. Deliveries that are merely lost or
late never come to that, for others do come.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from storage.cursors import bring_sweeps_forward
from storage.database import Database
from storage.webhook_watch import Watch, declare, look_for_deliveries
from unified.clock import Clock
from unified.codecs import instant_text
from unified.resources import RESOURCES

SILENT, HEARD = "webhook_silent", "webhook_heard"  #: kinds of messages on the control topic
REMEDY = (
    'open the Webhooks page of your app in Xero\'s portal and press "Send intent to receive"; '
    "`ledgerwire doctor webhook` makes the same exchange and says what fails"
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How sure the watch wants to be."""

    listening: bool = True  #: False: no webhook key is set, so nothing is expected
    untold: int = 3  #: changes found by sweeps, with no delivery since
    lasting: timedelta = timedelta(minutes=15)  #: business time since the first of them was found
    spread_s: float = 900.0  #: business time over which the sweeps are spread


async def watch_webhooks(db: Database, clock: Clock, settings: WatchSettings) -> Watch:
    """Declare silence, or its end, where it is due."""
    now = clock.now()
    watch = await look_for_deliveries(db, now=now)
    if not settings.listening:
        return watch
    if watch.silent_since is None and _is_silent(watch, now, settings):
        await _declare(db, SILENT, watch, now, silent_since=now)
        log.warning("webhooks_silent", untold=watch.untold, remedy=REMEDY)
    elif watch.silent_since is not None and watch.untold == 0:
        await _declare(db, HEARD, watch, now, silent_since=None)
        log.info("webhooks_heard", silent_since=instant_text(watch.silent_since))
    else:
        return watch
    webhooked = [r.endpoint.path for r in RESOURCES if r.webhook_category is not None]
    await bring_sweeps_forward(db, webhooked, now=now, spread_s=settings.spread_s)
    return await look_for_deliveries(db, now=now)


def _is_silent(watch: Watch, now: datetime, settings: WatchSettings) -> bool:
    return (
        watch.untold >= settings.untold
        and watch.untold_since is not None
        and now - watch.untold_since >= settings.lasting
    )


async def _declare(
    db: Database, kind: str, watch: Watch, now: datetime, *, silent_since: datetime | None
) -> None:
    message = {
        "webhooks": "heard" if silent_since is None else "silent",
        "untold": watch.untold,
        "heard_at": None if watch.heard_at is None else instant_text(watch.heard_at),
        "remedy": None if silent_since is None else REMEDY,
        "at": instant_text(now),
    }
    await declare(db, kind, silent_since=silent_since, message=message)
