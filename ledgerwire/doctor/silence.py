"""Have webhooks fallen silent, though there was something to tell? As the handlers found it."""

from handlers.webhook_watch import REMEDY
from ledgerwire.doctor.finding import Finding, Verdict
from storage.database import Database
from storage.errors import StorageError
from storage.webhook_watch import watch_of
from unified.codecs import instant_text

PART = "xero"


async def check_silence(db: Database) -> list[Finding]:
    """A finding where silence was declared; none where webhooks come, or nothing can be said."""
    try:
        watch = await watch_of(db)
    except StorageError:
        return []  # which was said before
    if watch.silent_since is None:
        return []
    since = instant_text(watch.silent_since)
    what = (
        f"Xero's webhooks have been silent since {since}: sweeps found {watch.untold} changes that "
        "they should have told"
    )
    return [Finding(PART, Verdict.BAD, what, f"{REMEDY[0].upper()}{REMEDY[1:]}")]
