"""Doctor tells what the handlers found out about webhooks."""

from datetime import timedelta

from handlers.webhook_watch import WatchSettings, watch_webhooks
from ledgerwire.doctor.finding import Verdict
from ledgerwire.doctor.silence import check_silence
from storage.database import Database
from storage.webhook_watch import note_untold
from tests.storage.makers import NOW, link
from unified.clock import ManualClock


async def test_silence_is_told_with_the_button_to_press(database: Database) -> None:
    """Nothing while webhooks come, or while nothing says that they should have."""
    await link(database)
    clock = ManualClock(NOW)
    before = await check_silence(database)
    async with database.transaction() as conn:
        await note_untold(conn, "Contacts", 7, now=NOW)
    clock.advance(timedelta(hours=1))
    await watch_webhooks(database, clock, WatchSettings())

    [found] = await check_silence(database)

    assert before == []
    assert found.verdict is Verdict.BAD
    assert "found 7 changes" in found.what
    assert 'press "Send intent to receive"' in found.remedy
