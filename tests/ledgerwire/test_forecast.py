"""Where a month will end: by the days before, without what comes once."""

from datetime import UTC, date, datetime, timedelta

from ledgerwire.forecast import Forecast, Spent, forecast, month_of, needed_since

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)  # nine and a half days are left


def steady(days: int, a_day: int, purpose: str = "sweep") -> list[Spent]:
    """The same on so many days before that noon."""
    first = NOON.date() - timedelta(days=days)
    return [Spent(first + timedelta(days=number), purpose, a_day) for number in range(days)]


def test_days_to_come_are_like_the_last_seven() -> None:
    """Whole days only; what today has brought so far counts as spent."""
    today = Spent(NOON.date(), "sweep", 40)

    assert forecast([*steady(7, 100), today], NOON) == Forecast(740, 740 + 950)


def test_backfill_is_spent_but_not_expected_again() -> None:
    """Linking an organisation must not look like its days."""
    spent = [*steady(7, 100), *steady(2, 10_000, "backfill")]

    assert forecast(spent, NOON) == Forecast(20_700, 20_700 + 950)


def test_first_day_is_told_by_its_share() -> None:
    """Half a day is gone, so a whole one would have brought twice as much."""
    assert forecast([Spent(NOON.date(), "sweep", 50)], NOON) == Forecast(50, 50 + 950)
    minute_past = NOON.replace(hour=0, minute=1)
    first = forecast([Spent(NOON.date(), "sweep", 1)], minute_past)
    assert first.at_its_end < 260  # one call in a minute is no 1,440 a day


def test_few_days_tell_by_their_number() -> None:
    """Days before the first of them were not empty: they were not there."""
    assert forecast(steady(2, 100), NOON) == Forecast(200, 200 + 950)


def test_nothing_spent_is_nothing_forecast() -> None:
    """An organisation that was linked just now."""
    assert forecast([], NOON) == Forecast(0, 0)


def test_earlier_month_tells_but_does_not_count() -> None:
    """On the second of a month the last seven days lie in two."""
    now = datetime(2026, 11, 2, 0, tzinfo=UTC)
    spent = [Spent(now.date() - timedelta(days=back), "sweep", 10) for back in range(1, 8)]

    assert forecast(spent, now).so_far == 10
    assert needed_since(now.date()) == date(2026, 10, 26)
    assert month_of(date(2028, 2, 3)) == (date(2028, 2, 1), date(2028, 2, 29))
