"""Is everything through? Asked of the tables, the simulator and the CRM, in the order in which
work flows; nothing is waited for but the next look."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import httpx

from crm.progress import CrmProgress
from ledgerwire.failures import JobFailed
from storage.database import Database
from storage.relay import unrelayed_count
from unified.clock import Clock

LOOK_EVERY_S = 0.05

Left = Callable[[], Awaitable[str | None]]
Seen = Callable[[int, int | None], None]  #: things read, and things in all as far as is known


def _unseen(*_: object) -> None:
    """Nobody watches."""


class NotQuiet(JobFailed):
    """Something was still under way when patience ended; the message says what."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked at."""

    db: Database
    crm: CrmProgress
    clock: Clock
    control_url: str
    http: httpx.AsyncClient

    async def steer(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the simulator for something through its control API.

        Raises:
            httpx.HTTPStatusError: it refused.
        """
        answer = await self.http.post(f"{self.control_url}/{what}", json=body)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def backfilled(self, tenants: int, patience_s: float, *, seen: Seen = _unseen) -> None:
        """Wait until every organisation's backfills have ended; `seen` is told how far they are.

        Raises:
            NotQuiet: they did not in time.
        """

        async def left() -> str | None:
            row = await self.db.fetchrow(
                """SELECT count(DISTINCT tenant_id) AS tenants,
                          count(*) FILTER (WHERE backfill_state <> 'done'
                                             AND unsupported_reason IS NULL) AS open,
                          coalesce(sum(backfill_read), 0) AS read,
                          sum(coalesce(backfill_total, backfill_read)) AS total
                     FROM cursor"""
            )
            assert row is not None  # noqa: S101  # an aggregate always has one row
            seen(int(row["read"]), None if row["total"] is None else int(row["total"]))
            if row["tenants"] >= tenants and row["open"] == 0:
                return None
            return f"{row['open']} backfills of {row['tenants']} organisations still run"

        await _until_nothing_is_left(left, patience_s)

    async def quiet(self, patience_s: float) -> None:
        """Wait until nothing is pending anywhere, from the simulator's outgoing deliveries to the
        CRM's topics.

        Of sweeps those are waited for that are due now. Of many organisations some sweep comes due
        at every moment, and sooner the faster business time runs: on a busy machine none would
        ever be found without.

        Raises:
            NotQuiet: something still was, after `patience_s` seconds.
        """
        left = partial(self._left, sweeps_due_by=self.clock.now())
        await _until_nothing_is_left(left, patience_s)

    async def heard(self, patience_s: float) -> None:
        """Wait until all that webhooks told is through; sweeps may be due still.

        Raises:
            NotQuiet: something still was not, after `patience_s` seconds.
        """
        await _until_nothing_is_left(partial(self._left, sweeps_due_by=None), patience_s)

    async def _left(self, *, sweeps_due_by: datetime | None) -> str | None:
        stats = (await self.http.get(f"{self.control_url}/stats")).json()
        if stats["playing"] or stats["deliveries"]["pending"]:
            return "the simulator still delivers"
        row = await self.db.fetchrow(
            """SELECT (SELECT count(*) FROM notice WHERE state = 'due'
                          AND due_at <= $1::timestamptz + interval '1 minute') AS notices,
                      (SELECT count(*) FROM cursor c JOIN tenant t ON t.id = c.tenant_id
                        WHERE t.state = 'linked' AND c.sweep_due_at <= $2) AS sweeps,
                      (SELECT count(*) FROM timer i JOIN tenant t ON t.id = i.tenant_id
                        WHERE i.due_on <= t.business_date) AS timers,
                      (SELECT count(*) FROM tenant t WHERE t.business_date
                        < ($1 AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date) AS calendars""",
            self.clock.now(),
            sweeps_due_by,
        )
        assert row is not None  # noqa: S101  # a select without FROM has one row
        for what, count in row.items():
            if count:
                return f"{count} {what} are still due"
        unrelayed = await unrelayed_count(self.db)
        if unrelayed:
            return f"{unrelayed} events are not yet on Kafka"
        return None if await self.crm.is_idle() else "the CRM still works"


async def _until_nothing_is_left(left: Left, patience_s: float) -> None:
    what = "nothing was looked at"
    try:
        async with asyncio.timeout(patience_s):
            while (found := await left()) is not None:
                what = found
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        raise NotQuiet(
            f"Still not quiet after {patience_s:g} s: {what}. Run it again with `--keep DIR` and "
            "look into its logs"
        ) from None
