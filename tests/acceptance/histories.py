"""Random histories: what one organisation's people do, and everything that goes wrong around them.

A history is one organisation and one seed. Several are played side by side in one rig, since
trouble (lost webhooks, nights, killed programs) strikes all of them at once.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from simulator.business import Business
from simulator.config import CURRENCIES, SimulatorConfig, TenantSpec
from simulator.server import RunningSimulator
from tests.acceptance.rig import QUICK, SMALL, Rig

ROUNDS = 6
MOST_ACTIONS = 4  #: of one organisation in one round
LONGEST_PAUSE_S = 0.15  #: between two of its actions

_API = "/api.xro/2.0"
_CALL_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "limit", "problem": "minute", "retry_after_s": 7},
    {"kind": "limit", "problem": "concurrent"},
    {"kind": "limit", "problem": "day", "retry_after_s": 5000},
    {"kind": "limit", "problem": "appminute", "retry_after_s": 3},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503, "times": 2},
    {"kind": "status", "status": 401},
    {"kind": "html", "status": 502},
    {"kind": "truncated"},
    {"kind": "truncated", "times": 2},
    {"kind": "drop"},
    {"kind": "slow", "seconds": 0.3, "times": 2},
)
_TOKEN_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "drop", "path": "/connect/token"},
    {"kind": "status", "status": 503, "path": "/connect/token"},
)


def organisations(seeds: Sequence[int]) -> SimulatorConfig:
    """A simulator with one organisation for each seed, which is told by its id and name."""
    specs = tuple(
        TenantSpec(
            name=f"History {seed}",
            currency=CURRENCIES[seed % len(CURRENCIES)],
            tenant_id=str(UUID(int=random.Random(f"tenant {seed}").getrandbits(128), version=4)),  # noqa: S311  # a name
        )
        for seed in seeds
    )
    return SimulatorConfig(seed="histories", tenants=specs, opening=SMALL, delivery=QUICK)


class History:
    """The people of one organisation."""

    def __init__(self, seed: int, tenant_id: str, simulator: RunningSimulator) -> None:
        self.seed = seed
        self.tenant_id = tenant_id
        self.actions = 0
        self.rng = random.Random(f"history {seed}")  # noqa: S311  # play
        self._business = Business(simulator.books, random.Random(f"business {seed}"))  # noqa: S311  # play

    async def work(self) -> None:
        """Do a few things in the books, at people's pace."""
        for _ in range(self.rng.randint(1, MOST_ACTIONS)):
            self.actions += self._business.act(self.tenant_id)
            await asyncio.sleep(self.rng.uniform(0.0, LONGEST_PAUSE_S))

    def call_faults(self) -> list[dict[str, Any]]:
        """What goes wrong with this organisation's next calls; mostly nothing."""
        if self.rng.random() < 0.5:
            return []
        fault = self.rng.choice(_CALL_FAULTS)
        return [{**fault, "tenant_id": self.tenant_id, "path": _API}]


@dataclass
class Trouble:
    """What strikes all histories of a rig."""

    rig: Rig
    rng: random.Random

    async def deliveries_go_wrong(self) -> None:
        """Let a random share of webhooks be lost, doubled, late or overtaken."""
        shares = {
            kind: round(self.rng.uniform(0.05, 0.25), 2)
            for kind in ("lose", "repeat", "delay", "reorder")
        }
        await self.rig.watch.steer("faults", {"deliveries": {**shares, "delay_s": 0.2}})

    async def calls_go_wrong(self, histories: Sequence[History]) -> None:
        """Let calls of some organisations fail, now and then the refresh of their tokens."""
        calls = [fault for history in histories for fault in history.call_faults()]
        if self.rng.random() < 0.3:
            calls.append(self.rng.choice(_TOKEN_FAULTS))
        await self.rig.watch.steer("faults", {"calls": calls})

    async def strike(self) -> None:
        """Let one thing happen: mostly time passes, sometimes a program is killed."""
        happenings: tuple[tuple[Callable[[], Awaitable[None]], int], ...] = (
            (self._a_minute, 5),
            (self._a_night, 2),
            (self._handlers_killed, 2),
            (self._handlers_restarted, 1),
            (self._handlers_joined, 1),
            (self._leases_lost, 1),
            (self._crm_killed, 1),
            (self._receiver_killed, 1),
        )
        kinds, weights = zip(*happenings, strict=True)
        await self.rng.choices(kinds, weights)[0]()

    async def let_work(self) -> None:
        """Let the programs get so far: nowhere, all webhooks taken in, or all notices read."""
        match self.rng.randrange(3):
            case 1:
                await self.rig.wait_for(self._delivered)
            case 2:
                await self.rig.wait_for(self._nothing_due)

    async def heal(self) -> None:
        """Nothing goes wrong any more: limits are over, and one sweep finds what was lost."""
        await self.rig.watch.steer("faults", {"clear": True})
        await self.rig.wait_for(self._delivered)
        await self.rig.wait_for(self._tokens_fresh)
        self.rig.clock.forward(days=1)  # longer than any interval, so everything is swept
        await self.rig.swept_since(self.rig.clock.now())

    async def _delivered(self) -> bool:
        return not self.rig.simulator.simulation.courier.pending

    async def _nothing_due(self) -> bool:
        due = await self.rig.db.fetchval(
            """SELECT count(*) FROM notice n JOIN tenant t ON t.id = n.tenant_id
                WHERE n.state = 'due' AND n.due_at <= $1
                  AND (t.blocked_until IS NULL OR t.blocked_until <= $1)""",
            self.rig.clock.now(),
        )
        return not due and await self._delivered()

    async def _tokens_fresh(self) -> bool:
        """A refresh whose answer was lost is repeated within seconds, not after a night: by then
        Xero would have forgotten the old token (30 minutes)."""
        stale: int = await self.rig.db.fetchval(
            """SELECT count(*) FROM "authorization"
                WHERE access_expires_at <= $1 OR refresh_claim IS NOT NULL""",
            self.rig.clock.now(),
        )
        return stale == 0

    async def _a_minute(self) -> None:
        self.rig.clock.forward(seconds=self.rng.uniform(0, 120))

    async def _a_night(self) -> None:
        await self.rig.wait_for(self._tokens_fresh)
        self.rig.clock.forward(hours=self.rng.uniform(8, 30))

    async def _handlers_killed(self) -> None:
        program = self.rng.choice(self.rig.running("handlers"))
        await self.rig.kill(program)
        await self.rig.let_leases_end()
        if not self.rig.running("handlers"):
            await self.rig.start("handlers")

    async def _handlers_restarted(self) -> None:
        program = self.rng.choice(self.rig.running("handlers"))
        await self.rig.end(program)
        if not self.rig.running("handlers"):
            await self.rig.start("handlers")

    async def _handlers_joined(self) -> None:
        await self.rig.start("handlers")

    async def _leases_lost(self) -> None:
        """Programs that live are late with renewing, and others may take what they held."""
        await self.rig.let_leases_end()

    async def _crm_killed(self) -> None:
        [program] = self.rig.running("crm")
        await self.rig.kill(program)
        # The same instance, at the same port: the embedded broker expires no member.
        await self.rig.start("crm", port=program.port)

    async def _receiver_killed(self) -> None:
        [program] = self.rig.running("receiver")
        await self.rig.kill(program)
        await self.rig.start("receiver", "api", port=program.port)


async def play(rig: Rig, seeds: Sequence[int]) -> list[History]:
    """Play these seeds' histories side by side, and heal."""
    histories = [
        History(seed, tenant.id, rig.simulator)
        for seed, tenant in zip(seeds, rig.simulator.books, strict=True)
    ]
    trouble = Trouble(rig, random.Random(f"trouble {seeds}"))  # noqa: S311  # play
    await trouble.deliveries_go_wrong()
    for _ in range(ROUNDS):
        await trouble.calls_go_wrong(histories)
        working = [asyncio.create_task(history.work()) for history in histories]
        try:
            await trouble.strike()
        finally:
            await asyncio.gather(*working)
        await trouble.let_work()
    await trouble.heal()
    return histories
