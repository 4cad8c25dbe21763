"""Several processes of each role on one database and one broker, and a crowd of organisations.

Real programs beside a simulator in the test's own process; the receivers stand behind one address.
"""

import asyncio
import json
import random
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import psutil
from prometheus_client.parser import text_string_to_metric_families

from ledgerwire.demo.linking import link_all
from ledgerwire.settings import as_environment
from receiver.app import WEBHOOK_PATH
from simulator.books import Tenant
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.drafting import Drafter
from tests.acceptance.front import LOOPBACK, Front
from tests.acceptance.ports import neighbouring_ports
from tests.acceptance.programs import Running, Shell
from tests.acceptance.rig import PATIENCE_S, Rig, installed
from tests.figures import Figure
from unified.broker import BrokerSettings
from unified.ids import record_id
from unified.topics import RELAY_SHARDS

ROLES = ("receiver api", "receiver", "handlers", "handlers", "handlers", "crm", "crm")
SMALL = OpeningBooks(contacts=4, invoices=5, bills=2, months=2)
READ_S = 600.0  #: for some 50 calls for each of 200 organisations, on a busy machine

_SHARDS = "SELECT name FROM lease WHERE owner LIKE $1 AND name LIKE 'relay.%' AND until > now()"
_UNSENT = """
SELECT EXISTS (SELECT 1 FROM event e JOIN lease l ON l.name = 'relay.' || e.shard
                WHERE e.relayed_at IS NULL AND l.owner LIKE $1 AND l.until > now())
"""
_TENANTS = "SELECT id FROM tenant WHERE lease_owner LIKE $1 AND lease_until > clock_timestamp()"


@dataclass
class Member:
    """One process; `roles` as on the command line."""

    roles: str
    port: int
    program: Running

    @property
    def owner(self) -> str:
        """Its name as a holder of leases, as LIKE finds it."""
        return f"%:{self.program.process.pid}"

    async def kill(self) -> None:
        """SIGKILL."""
        self.program.process.kill()
        await self.program.process.wait()

    async def pause(self) -> None:
        """SIGSTOP; returns once none of its threads runs."""
        self.program.process.send_signal(signal.SIGSTOP)
        stopped = psutil.Process(self.program.process.pid)
        while stopped.status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110  # the kernel tells nobody
            await asyncio.sleep(0)

    def wake(self) -> None:
        """SIGCONT."""
        self.program.process.send_signal(signal.SIGCONT)


@dataclass
class Several:
    """What runs."""

    rig: Rig
    shell: Shell
    front: Front
    stack: AsyncExitStack
    members: list[Member] = field(default_factory=list)
    rng: random.Random = field(default_factory=lambda: random.Random("several"))  # noqa: S311  # play

    def of(self, role: str) -> list[Member]:
        """The processes of a role that run."""
        return [each for each in self.members if role in each.roles.split()]

    async def start(self, roles: str, port: int) -> Member:
        """One more process, or one again; returns once it says that it is ready."""
        own = self.shell.but(port=str(port))
        words = ("run", *roles.split())
        program = await self.stack.enter_async_context(own.running(*words, port=port))
        member = Member(roles, port, program)
        self.members.append(member)
        return member

    async def kill(self, *members: Member) -> None:
        """SIGKILL all of these at once."""
        await asyncio.gather(*(each.kill() for each in members))
        for each in members:
            self.members.remove(each)

    async def start_again(self, *members: Member) -> None:
        """What was killed, at its port."""
        await asyncio.gather(*(self.start(each.roles, each.port) for each in members))

    async def link(self, figure: Figure) -> None:
        """Link all organisations in one consent, and wait for their backfills."""
        address = f"http://{LOOPBACK}:{self.front.port}{WEBHOOK_PATH}"
        answer = await self.rig.watch.steer("webhook", {"url": address, "validate": True})
        assert answer["state"] == "enabled", answer
        [api] = self.of("api")
        url = f"http://localhost:{api.port}"
        began = time.perf_counter()
        await link_all(url, self.rig.tenants, external_id="several")
        await self.rig.watch.backfilled(len(self.rig.tenants), self.rig.patience_s)
        await self.rig.quiet()
        calls = await self.rig.db.fetchval("SELECT sum(calls)::bigint FROM usage")
        figure(
            f"several processes: {len(self.rig.tenants)} organisations were linked and backfilled "
            f"in {time.perf_counter() - began:.0f} s, with {calls} calls"
        )

    async def probe(self) -> dict[str, float]:
        """A new invoice in every organisation; returns the key of each that must come out, and
        when it was made, by the event loop's clock."""
        made = {}
        for tenant in self.rig.simulator.books:
            invoice_id = self._invoice(tenant)
            key = f"{tenant.id}:invoice:{record_id(tenant.id, 'invoice', invoice_id)}"
            made[key] = asyncio.get_running_loop().time()
            await asyncio.sleep(0)
        return made

    def _invoice(self, tenant: Tenant) -> str:
        """As the simulator's business makes one, with nothing that Xero would leave unstamped."""
        drafter = Drafter(tenant.ledger, self.rng)
        contact = tenant.ledger.contacts.pick(self.rng, lambda each: each.status == "ACTIVE")
        assert contact is not None
        flips = not contact.is_customer
        element = drafter.document("ACCREC", contact.id, tenant.ledger.today(), status="AUTHORISED")
        invoice = tenant.create_invoice(element)
        if flips:
            tenant.update_contact(contact.id, **drafter.contact_edit())
        return invoice.id

    async def shards(self) -> dict[str, int]:
        """How many relay shards each living handlers process holds, by its name."""
        return {
            each.owner: len(await self.rig.db.fetch(_SHARDS, each.owner))
            for each in self.of("handlers")
        }

    async def shares_are_even(self) -> bool:
        """Whether every shard is held by a living process, and none holds more than its share."""
        held = (await self.shards()).values()
        return sum(held) == RELAY_SHARDS and max(held) - min(held) <= 1

    async def partitions_are_shared(self) -> bool:
        """Whether each partition of the payment status has one of the living crm processes."""
        held = [_assigned(each) for each in self.of("crm")]
        dealt = sorted(partition for each in held for partition in each)
        return all(held) and dealt == list(range(self.rig.here.broker.partitions))

    async def fencing(self, tenants: Sequence[str]) -> dict[str, int]:
        """The fencing tokens of these organisations' leases."""
        rows = await self.rig.db.fetch(
            "SELECT id, fencing FROM tenant WHERE id = ANY($1::uuid[])", tenants
        )
        return {row["id"]: row["fencing"] for row in rows}

    async def marked(self) -> set[str]:
        """The ids of all events that Kafka has acknowledged: nobody may send these again."""
        rows = await self.rig.db.fetch("SELECT event_id FROM event WHERE relayed_at IS NOT NULL")
        return {row["event_id"] for row in rows}

    async def pause_at_work(self, member: Member) -> tuple[list[str], int]:
        """SIGSTOP a handlers process that works for organisations and has a batch to send;
        returns which they are, and how many shards it holds."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await member.pause()
                tenants = [row["id"] for row in await self.rig.db.fetch(_TENANTS, member.owner)]
                shards = len(await self.rig.db.fetch(_SHARDS, member.owner))
                if tenants and await self.rig.db.fetchval(_UNSENT, member.owner):
                    return tenants, shards
                member.wake()
                await asyncio.sleep(self.rng.uniform(0.0, 0.05))

    async def holds_nothing(self, owner: str) -> bool:
        """Whether all that `owner` claimed has ended or passed to somebody else."""
        left = [await self.rig.db.fetch(query, owner) for query in (_SHARDS, _TENANTS)]
        return not any(left)

    async def counted(self, member: Member, metric: str) -> int:
        """The sum of one of a process's counters."""
        answer = await self.rig.watch.http.get(f"http://{LOOPBACK}:{member.port}/metrics")
        return int(
            sum(
                sample.value
                for family in text_string_to_metric_families(answer.text)
                for sample in family.samples
                if sample.name == metric
            )
        )

    async def numbers_have_no_gap(self) -> None:
        """Assert it of every organisation's and every entity's events, and that ids are unique."""
        row = await self.rig.db.fetchrow(
            """SELECT (SELECT count(*) FROM (
                        SELECT FROM event GROUP BY tenant_id, epoch
                        HAVING max(tenant_sequence) <> count(*)) AS t) AS tenants,
                      (SELECT count(*) FROM (
                        SELECT FROM event GROUP BY tenant_id, epoch, entity_id
                        HAVING max(sequence) <> count(*)
                            OR count(DISTINCT sequence) <> count(*)) AS e) AS entities,
                      (SELECT count(*) - count(DISTINCT event_id) FROM event) AS ids"""
        )
        assert row is not None
        assert dict(row.items()) == {"tenants": 0, "entities": 0, "ids": 0}


def _assigned(member: Member) -> list[int]:
    """The partitions that a crm process was dealt last, as it logged them."""
    lines = [line for line in member.program.log if '"crm_assigned"' in line]
    partitions: list[int] = json.loads(lines[-1])["partitions"] if lines else []
    return partitions


@asynccontextmanager
async def running(
    database_url: str, broker: BrokerSettings, figure: Figure, *, tenants: int
) -> AsyncIterator[Several]:
    """All of it, linked and backfilled; in the end every process has to stop in good order."""
    config = SimulatorConfig(seed="several", tenants=tenants, opening=SMALL)
    first = neighbouring_ports(len(ROLES))
    places = [(roles, first + number) for number, roles in enumerate(ROLES)]
    receivers = [port for roles, port in places if "receiver" in roles]
    async with (
        installed(database_url, broker, config) as rig,
        Front(receivers).running() as front,
        AsyncExitStack() as stack,
    ):
        shell = Shell(as_environment(rig.here.settings)).but(
            public_url=f"http://localhost:{first}", log_format="json"
        )
        rig.patience_s = READ_S
        several = Several(rig, shell, front, stack)
        await asyncio.gather(*(several.start(*place) for place in places))
        await several.link(figure)
        yield several
        codes = await asyncio.gather(*(each.program.stop() for each in several.members))
        assert set(codes) == {0}, codes
