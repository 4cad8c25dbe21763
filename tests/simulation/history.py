"""One seed's history: people work in their books while everything around goes wrong; then it heals.

Played by the driver, which belongs to no program and can't be killed. What a step does is drawn
from the seed alone, so a seed is a bug report.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from datetime import timedelta
from typing import Any
from uuid import UUID

from simulator.business import Business
from simulator.config import CURRENCIES, OpeningBooks, TenantSpec
from simulator.ledger import Change
from simulator.refusals import Refused
from tests.simulation.judging import IS_LEFT_OUT, Acknowledged
from tests.simulation.loop import Program
from tests.simulation.scale import scale_of
from tests.simulation.weather import AMBUSHES, Ambush, Trouble, Weather
from tests.simulation.world import Running, World
from unified.partition import relay_shard
from unified.resources import RESOURCES
from unified.topics import RELAY_SHARDS

API = "/api.xro/2.0"
CALL_FAULTS: tuple[dict[str, Any], ...] = (
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
    {"kind": "slow", "seconds": 3.0, "times": 2},
    {"kind": "slow", "seconds": 35.0},
)
TOKEN_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "drop", "path": "/connect/token"},
    {"kind": "status", "status": 503, "path": "/connect/token"},
    {"kind": "truncated", "path": "/connect/token"},
)
LONG_S = 5.0  #: a sleep that costs leases
MOST_SKEW = timedelta(seconds=2)  #: between two machines' clocks
HURRY_S = 25.0  #: business seconds at each look while everything is to be healed
MOST_HURRY = 16.0  #: times that in the end; before, a token refresh that is open would die of it
LOOK_EVERY_S = 0.25
LOOKS = 40
PATIENCE_S = 400.0  #: virtual


class NotQuiet(Exception):
    """Something was still under way when patience ended."""


class ProgramEnded(Exception):
    """A program of ours ended by itself."""


class History:
    """Everything that happens in one seed."""

    def __init__(self, seed: int, weather: Weather) -> None:
        self.scale = scale = scale_of(seed)
        self.rng = random.Random(f"{seed}|history")  # noqa: S311  # play
        rng = self.rng
        specs = [
            TenantSpec(
                name=f"Seed {seed} {number}",
                currency=rng.choice(CURRENCIES),
                tenant_id=str(UUID(int=rng.getrandbits(128), version=4)),
            )
            for number in range(rng.choice(scale.tenants))
        ]
        books = OpeningBooks(
            contacts=rng.randint(*scale.contacts), invoices=rng.randint(*scale.invoices),
            bills=rng.randint(*scale.bills), months=1,
        )  # fmt: skip
        self.weather = weather
        self.world = World(weather, specs, books)
        simulation = self.world.simulation
        simulation.books.listen(self._changed)
        self._business = Business(simulation.books, random.Random(f"{seed}|business"))  # noqa: S311  # play
        self.acknowledged = Acknowledged()
        self.world.network.answered = self.acknowledged.answered
        self.forgotten: list[str] = []
        self._tenants = [tenant.id for tenant in simulation.books]
        self._ending: list[Running] = []
        self._admin = weather.engine.admin

    async def play(self) -> None:
        """The whole history.

        Raises:
            NotQuiet, ProgramEnded: it did not end as it should.
        """
        world = self.world
        if self.rng.random() < 0.8:
            self._take_other_shards()
        world.begin()
        if self.scale.reads_everything:
            world.start_handlers()
            await world.link()
        else:
            await world.link()
            self._leave_out()
            world.start_handlers()
        self.tell(f"linked {len(self._tenants)}, {self.scale.name}")
        if self.rng.random() < 0.7:
            await self._until("backfills", self._backfilled, hurry_s=1.0)
        for number in range(1, self.rng.randint(*self.scale.steps) + 1):
            await self._step(number)
            self._none_ended()
            await asyncio.sleep(self._pause_s())
        await self._heal()

    def _take_other_shards(self) -> None:
        """Shards without a tenant of ours belong to somebody else: that is quicker to play."""
        ours = {relay_shard(tenant) for tenant in self._tenants}
        self._admin(
            "execute",
            """INSERT INTO lease (name, owner, until)
               SELECT 'relay.' || n, 'elsewhere', 'infinity' FROM unnest($1::int[]) AS n""",
            [shard for shard in range(RELAY_SHARDS) if shard not in ours],
        )

    def _leave_out(self) -> None:
        """Let Xero refuse what this history is not about."""
        names = self.scale.unread(self.rng)
        paths = [each.endpoint.path for each in RESOURCES if each.name in names]
        now = self.world.clock.now()
        self._set(
            "cursor",
            "unsupported_reason = $4, unsupported_since = $1, sweep_due_at = $2",
            "endpoint = ANY($3)", now, now + timedelta(days=365), paths, IS_LEFT_OUT,
        )  # fmt: skip
        self.tell(f"left out: {', '.join(names)}")

    def tell(self, what: str) -> None:
        """Write a line of the report."""
        self.weather.tell(what)

    def _changed(self, change: Change) -> None:
        self.tell(f"xero {change.kind} {change.category} {change.record_id}")

    def _pause_s(self) -> float:
        draw = self.rng.random()
        if draw < 0.7:
            return self.rng.uniform(0.0, 0.1)
        return self.rng.uniform(0.05, 0.6) if draw < 0.96 else self.rng.uniform(1.0, 5.0)

    # --- steps

    async def _step(self, number: int) -> None:
        happenings: tuple[tuple[Callable[[], Awaitable[None]], int], ...] = (
            (self._work, 40),
            (self._deliveries_go_wrong, 6),
            (self._calls_go_wrong, 8),
            (self._a_minute, 6),
            (self._a_night, 3),
            (self._token_lost, 1),
            (self._handlers_killed, 5),
            (self._handlers_stopped, 2),
            (self._handlers_joined, 3),
            (self._handlers_asleep, 3),
            (self._ambush, 8),
            (self._receiver_killed, 2),
            (self._kafka_trouble, 5),
            (self._kafka_away, 2),
            (self._database_trouble, 4),
            (self._database_away, 1),
            (self._network_trouble, 3),
            (self._fair_weather, 3),
        )
        kinds, weights = zip(*happenings, strict=True)
        step = self.rng.choices(kinds, weights)[0]
        self.tell(f"step {number}: {step.__name__.strip('_').replace('_', ' ')}")
        await step()

    async def _work(self) -> None:
        tenant = self.rng.choice(self._tenants)
        for _ in range(self.rng.choice((1, 1, 1, 2, 4))):
            self._act(tenant)
            if self.rng.random() < 0.5:
                await asyncio.sleep(self.rng.uniform(0.0, 0.1))

    def _act(self, tenant: str) -> None:
        business, work = self._business, self.scale.work
        if not work:
            business.act(tenant)
            return
        books = business.books.get(tenant)
        assert books is not None
        business.books.turn()
        with suppress(Refused):  # a lock date, a payment that is reconciled
            if self.rng.choice(work)(business, books):
                return
        business.new_contact(books)

    async def _deliveries_go_wrong(self) -> None:
        shares = {
            kind: round(self.rng.uniform(0.0, 0.4), 2)
            for kind in ("lose", "repeat", "delay", "reorder")
        }
        self.world.steer({"deliveries": {**shares, "delay_s": 2.0}})

    async def _calls_go_wrong(self) -> None:
        fault = {**self.rng.choice(CALL_FAULTS), "path": API}
        if self.rng.random() < 0.5:
            fault["tenant_id"] = self.rng.choice(self._tenants)
        self.world.steer({"calls": [fault]})

    async def _a_minute(self) -> None:
        self.world.offset.forward(seconds=self.rng.uniform(0, 120))

    async def _a_night(self) -> None:
        """Time that nobody works in; a lost token answer is settled first, for Xero forgets it."""
        if self._tokens_unsettled() is None:
            self.world.offset.forward(hours=self.rng.uniform(8, 30))

    async def _token_lost(self) -> None:
        """An access token is over, and the answer with the next one gets lost."""
        if self._blocked() or self._tokens_unsettled() is not None:
            return
        self.world.offset.forward(minutes=31)
        self.world.steer({"calls": [self.rng.choice(TOKEN_FAULTS)]})
        self._sweep_soon()
        await asyncio.sleep(self.rng.uniform(0.0, 1.0))
        if self.rng.random() < 0.4:
            await self._handlers_killed()

    async def _handlers_killed(self) -> None:
        """One is killed; another takes over at once, later, or is there already."""
        self.world.kill(self._one())
        if self.rng.random() < 0.5:
            self._let_leases_end()
        await self._replaced()

    async def _handlers_stopped(self) -> None:
        running = self._one()
        self.world.handlers.remove(running)
        self._ending.append(running)
        running.program.wake()
        running.stop.set()
        await self._replaced()

    async def _handlers_joined(self) -> None:
        if len(self.world.handlers) < 2:
            self.world.start_handlers(skew_s=self.rng.uniform(-1.0, 1.0))

    async def _handlers_asleep(self) -> None:
        """One stands still, for a moment or for longer than its leases; another may work on."""
        running = self._one()
        if running.program.asleep:
            return
        running.program.sleep()
        seconds = self.rng.choice((0.05, 0.2, 0.5, 0.5, 2.0, 2.0, 16.0))
        asyncio.get_running_loop().call_later(seconds, self._wake, running.program)
        if seconds > LONG_S or self.rng.random() < 0.3:
            if len(self.world.handlers) < 2:
                self.world.start_handlers()
            if self.rng.random() < 0.7:
                await self._work()
                await asyncio.sleep(seconds)

    def _wake(self, program: Program) -> None:
        if program.asleep:
            self.tell(f"{program.name} wakes")
            program.wake()

    async def _ambush(self) -> None:
        """A program is killed, or stands still, just after something of it was done."""
        place, passing = self.rng.choice(AMBUSHES), self.rng.choice((0, 0, 1, 3))
        kills = self.rng.random() < 0.5
        self.tell(f"{'kills' if kills else 'stops'} at {place} after {passing}")
        self.weather.ambush = Ambush(place, passing, self._killed if kills else self._stopped)
        await self._work()

    def _killed(self, program: Program) -> bool:
        running = self._running(program)
        if running is None:
            return False
        self.tell(f"{program.name} is killed")
        self.world.kill(running)
        if self.rng.random() < 0.7:
            self._let_leases_end()
        asyncio.get_running_loop().call_later(
            self.rng.choice((0.0, 0.5)), self._fill_gaps, context=Context()
        )
        return True

    def _stopped(self, program: Program) -> bool:
        running = self._running(program)
        if running is None or running is self.world.receiver:
            return False
        self.tell(f"{program.name} stands still")
        program.sleep()
        later = asyncio.get_running_loop().call_later
        later(self.rng.choice((3.0, 11.0, 17.0)), self._wake, program, context=Context())
        later(0.0, self._fill_gaps, context=Context())
        return True

    def _running(self, program: Program) -> Running | None:
        everyone = (*self.world.handlers, self.world.receiver)
        return next((each for each in everyone if each and each.program is program), None)

    def _fill_gaps(self) -> None:
        """See that somebody works; what was stopped may still hold its leases."""
        if all(each.program.asleep for each in self.world.handlers):
            self.world.start_handlers()
        receiver = self.world.receiver
        if receiver is None or receiver.program.killed:
            self.world.start_receiver()

    async def _receiver_killed(self) -> None:
        receiver = self.world.receiver
        assert receiver is not None
        self.world.kill(receiver)
        await asyncio.sleep(self.rng.choice((0.0, 0.2, 2.0)))
        self._fill_gaps()

    async def _kafka_trouble(self) -> None:
        self.weather.trouble.kafka_fails = self.rng.choice((0.0, 0.05, 0.3))
        self.weather.trouble.kafka_unheard = self.rng.choice((0.0, 0.05, 0.3))

    async def _kafka_away(self) -> None:
        self.weather.kafka_away = True
        self._later(self.rng.uniform(0.2, 6.0), "kafka_away")

    async def _database_trouble(self) -> None:
        self.weather.trouble.connection_breaks = self.rng.choice((0.0, 0.01, 0.05))
        self.weather.trouble.notification_lost = self.rng.choice((0.0, 0.2, 1.0))

    async def _database_away(self) -> None:
        self.weather.database_away = True
        self._later(self.rng.uniform(0.1, 5.0), "database_away")

    async def _network_trouble(self) -> None:
        self.weather.trouble.request_lost = self.rng.choice((0.0, 0.05, 0.2))
        self.weather.trouble.answer_lost = self.rng.choice((0.0, 0.05, 0.2))

    async def _fair_weather(self) -> None:
        self.weather.trouble = Trouble()
        self.world.simulation.faults.clear()

    def _later(self, seconds: float, name: str) -> None:
        """Something that is away comes back."""

        def back() -> None:
            self.tell(f"{name} no more")
            setattr(self.weather, name, False)

        asyncio.get_running_loop().call_later(seconds, back)

    # --- helpers

    def _one(self) -> Running:
        return self.rng.choice(self.world.handlers or [self.world.start_handlers()])

    async def _replaced(self) -> None:
        if not self.world.handlers:
            await asyncio.sleep(self.rng.choice((0.0, 0.1, 1.0)))
        self._fill_gaps()

    def _let_leases_end(self) -> None:
        """What killed programs held becomes free, as after the leases' own seconds."""
        now = self.world.clock.real() - timedelta(seconds=1)
        dead = self.world.killed()
        self._set(
            "tenant", "lease_until = $1",
            "lease_owner = ANY($2) AND lease_until > $1", now, dead,
        )  # fmt: skip
        self._set("lease", "until = $1", "owner = ANY($2) AND until > $1", now, dead)
        self._set(
            '"authorization"', "refresh_claimed_until = $1",
            "refresh_claimed_until BETWEEN $1 AND $1 + interval '55 seconds'", now,
        )  # fmt: skip

    def _set(self, table: str, values: str, where: str, *args: Any) -> None:
        """Change rows from outside the world, but for those that somebody in it has locked: time
        stands still for the driver, so it would wait for ever."""
        self._admin(
            "execute",
            f"""UPDATE {table} SET {values} WHERE ctid IN
                (SELECT ctid FROM {table} WHERE {where} FOR UPDATE SKIP LOCKED)""",  # noqa: S608  # ours
            *args,
        )

    def _none_ended(self) -> None:
        for each in (*self.world.handlers, *self._ending, self.world.receiver):
            if each is None or not each.task.done() or each.program.killed:
                continue
            error = each.task.exception()
            if error is not None or each not in self._ending:
                raise ProgramEnded(f"{each.program.name} ended by itself: {error!r}") from error

    def _drained(self) -> str | None:
        left = [each.program.name for each in self._ending if not each.task.done()]
        return f"{', '.join(left)} should have ended" if left else None

    def _blocked(self) -> bool:
        found: bool = self._admin(
            "fetchval",
            """SELECT EXISTS (SELECT FROM tenant WHERE blocked_until > $1)
                   OR EXISTS (SELECT FROM app_budget WHERE blocked_until > $1)""",
            self.world.clock.now(),
        )
        return found

    def _tokens_unsettled(self) -> str | None:
        """A refresh whose answer was lost must be repeated within 30 minutes (Xero's grace)."""
        open_claims: int = self._admin(
            "fetchval",
            """SELECT count(*) FROM "authorization" WHERE refresh_claim IS NOT NULL""",
        )
        return "a token refresh is not settled" if open_claims else None

    def _sweep_soon(self) -> None:
        self._set("cursor", "sweep_due_at = $1", "true", self.world.clock.now())

    def _backfilled(self) -> str | None:
        left: int = self._admin(
            "fetchval",
            "SELECT count(*) FROM cursor WHERE backfill_state <> 'done'"
            " AND unsupported_reason IS NULL",
        )
        return f"{left} backfills still run" if left else None

    # --- the end

    async def _heal(self) -> None:
        """Nothing goes wrong any more: limits are over, and one sweep finds what was lost."""
        world = self.world
        self.tell("heal")
        self.weather.clear()
        self._let_leases_end()
        world.simulation.faults.clear()
        for each in tuple(world.handlers):
            self._wake(each.program)
        self._fill_gaps()
        await self._until("deliveries", self._delivered)
        await self._until("programs", self._drained)
        await self._look_for_the_forgotten()
        await self._until("tokens", self._tokens_unsettled, hurry_s=5.0)
        await self._until("backfills", self._backfilled, hurry_s=HURRY_S)
        world.offset.forward(hours=24)  # longer than any interval, so everything is swept
        morning = world.clock.now()
        await self._until("quiet", self._left, hurry_s=HURRY_S, most=MOST_HURRY)
        swept_at = self._admin("fetchval", "SELECT min(last_swept_at) FROM cursor")
        if swept_at is None or swept_at < morning - MOST_SKEW:
            raise NotQuiet(f"not everything was swept after {morning}: {swept_at}")
        self.tell("quiet")

    async def _until(
        self, what: str, left: Callable[[], str | None], *, hurry_s: float = 0.0, most: float = 1.0
    ) -> None:
        """Wait until nothing is left. Business time hurries, up to `most` times as fast while all
        stays as it is: what waits for the end of a limit waits for that alone."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + PATIENCE_S
        before, more = None, 1.0
        while (found := left()) is not None:
            if loop.time() > patience:
                raise NotQuiet(f"{what}: {found}")
            more = min(2 * more, most) if found == before else 1.0
            before = found
            await asyncio.sleep(LOOK_EVERY_S)
            self.world.offset.forward(seconds=hurry_s * more)
            self._none_ended()

    async def _look_for_the_forgotten(self) -> None:
        """Before a sweep hides it: whatever was acknowledged is known once no notice is due."""
        for _ in range(LOOKS):
            if not self._admin("fetchval", "SELECT count(*) FROM notice WHERE state = 'due'"):
                self.forgotten = self.acknowledged.forgotten(self.world)
                return
            await asyncio.sleep(LOOK_EVERY_S)
            self.world.offset.forward(seconds=LOOK_EVERY_S)
        self.tell("notices wait for a limit: not looked for the forgotten")

    def _delivered(self) -> str | None:
        pending = self.world.simulation.courier.pending
        return f"{pending} deliveries are on their way" if pending else None

    def _left(self) -> str | None:
        delivering = self._delivered()
        if delivering is not None:
            return delivering
        row = self._admin(
            "fetchrow",
            """SELECT (SELECT count(*) FROM notice WHERE state = 'due') AS notices,
                      (SELECT count(*) FROM cursor c JOIN tenant t ON t.id = c.tenant_id
                        WHERE t.state = 'linked' AND c.sweep_due_at <= $1) AS sweeps,
                      (SELECT count(*) FROM timer i JOIN tenant t ON t.id = i.tenant_id
                        WHERE i.due_on <= t.business_date) AS timers,
                      (SELECT count(*) FROM tenant t WHERE t.business_date
                        < ($1 AT TIME ZONE coalesce(t.time_zone, 'UTC'))::date) AS calendars,
                      (SELECT count(*) FROM event WHERE relayed_at IS NULL) AS events,
                      (SELECT count(*) FROM announcement WHERE relayed_at IS NULL)
                        AS announcements""",
            self.world.clock.now(),
        )
        due = [f"{count} {what}" for what, count in row.items() if count]
        return ", ".join(due) + " still due" if due else None
