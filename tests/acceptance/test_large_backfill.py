"""The backfill of one large organisation: what it takes, and that being killed costs it nothing.

Under Xero's own limits, with the handlers as a process of their own that is killed twice on the
way. PROOF_LARGE: how large, in percent of 20,000 invoices, 20,000 bills, 10,000
contacts and some 5,000 of each other large kind (1).
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psutil
import pytest

from ledgerwire.demo.linking import link_all
from ledgerwire.settings import as_environment
from oracle.difference import Difference
from oracle.report import report
from simulator.config import OpeningBooks, SimulatorConfig
from tests.acceptance.ports import neighbouring_ports
from tests.acceptance.programs import Running, Shell
from tests.acceptance.rig import Rig, installed
from tests.acceptance.unannounced import UNANNOUNCED, sweep_soon
from tests.figures import Figure
from unified.broker import BrokerSettings
from unified.ids import TenantId
from unified.resources import resource

pytestmark = [
    pytest.mark.proof,
    pytest.mark.acceptance,
    pytest.mark.needs_kafka,
    pytest.mark.timeout(3600),
]

PERCENT = float(os.environ.get("PROOF_LARGE", "1"))
WHOLE = OpeningBooks(
    contacts=10_000, invoices=20_000, bills=20_000, months=24, purchase_orders=5_000, quotes=5_000
)
FILES = resource("attachment")
KILLED_AT = (0.3, 0.6)  #: shares of the pages of a backfill that was not disturbed
PATIENCE_S = 3_000.0
LOOK_EVERY_S = 0.02


def sizes() -> OpeningBooks:
    """The asked share of the whole, at least one of everything."""
    return OpeningBooks(
        **{
            name: max(1, round(number * PERCENT / 100)) if name != "months" else number
            for name, number in vars(WHOLE).items()
            if number is not None
        }
    )


@dataclass
class Handlers:
    """A handlers process that is watched: how much memory it ever had."""

    rig: Rig
    shell: Shell
    port: int
    peak_mb: float = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Running]:
        """One process, from being ready until it is killed or told to end."""
        async with self.shell.running("run", "handlers", port=self.port) as program:
            watching = asyncio.create_task(self._watch(program))
            try:
                yield program
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, program: Running) -> None:
        process = psutil.Process(program.process.pid)
        while program.process.returncode is None:
            self.peak_mb = max(self.peak_mb, process.memory_info().rss / 1e6)
            await asyncio.sleep(LOOK_EVERY_S)

    async def kill_when(self, program: Running, tenant_id: str, records: int) -> None:
        """SIGKILL in the middle of a backfill, once so many records are there."""

        async def so_far() -> bool:
            assert program.process.returncode is None, program.complaint("ended by itself")
            known: int = await self.rig.db.fetchval("SELECT count(*) FROM record")
            return known >= records

        await self.rig.wait_for(so_far, patience_s=PATIENCE_S)
        left = await self.rig.db.fetchval(
            "SELECT count(*) FROM cursor WHERE tenant_id = $1 AND backfill_state <> 'done'",
            TenantId(tenant_id),
        )
        assert left, "the backfill was over before the kill"
        program.process.kill()
        await program.process.wait()
        await self.rig.let_leases_end()


async def all_but_files_read(rig: Rig) -> bool:
    """Whether nothing is pending but the files of documents, which are read one a minute."""
    left = await rig.db.fetchval(
        """SELECT (SELECT count(*) FROM notice
                    WHERE state = 'due' AND endpoint <> $2 AND due_at <= $1::timestamptz)
                + (SELECT count(*) FROM cursor
                    WHERE unsupported_reason IS NULL
                      AND (sweep_due_at <= $1 OR backfill_state <> 'done' AND endpoint <> $2))
                + (SELECT count(*) FROM event WHERE relayed_at IS NULL)""",
        rig.clock.now(),
        FILES.endpoint.path,
    )
    return left == 0 and await rig.watch.crm.is_idle()


def is_file_to_be_read(difference: Difference) -> bool:
    """Whether all that differs is a document's file that is not in the mirror yet."""
    return (difference.kind, difference.resource) == ("missing_in_mirror", FILES.name)


async def expected(rig: Rig) -> int:
    """About how many records the backfill will bring."""
    [tenant] = rig.simulator.books
    ledger = tenant.ledger
    return len(list(ledger.contacts)) + len(list(ledger.invoices))


async def test_large_backfill_that_is_killed_twice_ends_equal(
    database_url: str, kafka_broker: BrokerSettings, figure: Figure
) -> None:
    """It goes on where it was, and in the end mirror, topics and books agree."""
    config = SimulatorConfig(seed="large", tenants=1, opening=sizes())
    began = time.perf_counter()
    async with installed(database_url, kafka_broker, config) as rig:
        made_s = time.perf_counter() - began
        await rig.start("receiver", "api")
        await rig.start("crm")
        await rig.subscribe()
        [tenant_id] = rig.tenants
        port = neighbouring_ports(1)
        shell = Shell(as_environment(rig.here.settings)).but(log_format="json", port=str(port))
        handlers = Handlers(rig, shell, port)
        documents = await expected(rig)

        began = time.perf_counter()
        [api] = rig.running("api")
        linked = asyncio.create_task(link_all(api.url, [tenant_id], external_id="large"))
        for share in KILLED_AT:
            async with handlers.running() as program:
                await linked
                await handlers.kill_when(program, tenant_id, round(documents * share))
        async with handlers.running() as program:
            await rig.wait_for(lambda: all_but_files_read(rig), patience_s=PATIENCE_S)
            took_s = time.perf_counter() - began
            spent = await rig.db.fetchrow(
                "SELECT sum(calls)::bigint AS calls, sum(bytes)::bigint AS bytes FROM usage"
            )
            assert spent is not None
            # As `rig.agrees`, but with the patience that Xero's limits ask for.
            await sweep_soon(rig.db, UNANNOUNCED, now=rig.clock.now())
            await rig.wait_for(lambda: all_but_files_read(rig), patience_s=PATIENCE_S)
            assert await program.stop() == 0
        differences = (await rig.judge()).differences
        unread = [each for each in differences if is_file_to_be_read(each)]
        assert len(unread) == len(differences), report(differences)

        records = await rig.db.fetchval("SELECT count(*) FROM record")
        invoices = await rig.db.fetchval("SELECT count(*) FROM record WHERE resource = 'invoice'")
        figure(
            f"large backfill at {PERCENT:g} %: {records} records, {invoices} of them invoices and "
            f"bills, killed twice, in {took_s:.0f} s with {spent['calls']} calls and "
            f"{spent['bytes'] / 1e6:.1f} MB; the handlers' peak was {handlers.peak_mb:.0f} MB; "
            f"the books took {made_s:.0f} s to make; no difference, with {len(unread)} files of "
            "documents still to be read, one a minute"
        )
