"""What the world between the programs is like: how long things take, and what goes wrong.

Chance of its own, seeded: what is chosen here depends on the seed and on the order in which it is
asked, which the loop makes the same in every run. The history changes the probabilities; `clear`
ends all trouble.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.simulation.engine import Engine, Session
from tests.simulation.loop import Program, VirtualLoop, current_program
from tests.simulation.trace import Trace


@dataclass
class Trouble:
    """Probabilities, per thing that happens."""

    connection_breaks: float = 0.0  #: of a database connection, at one statement
    notification_lost: float = 0.0
    request_lost: float = 0.0  #: of an HTTP request, before it arrives
    answer_lost: float = 0.0  #: of an HTTP answer, after the work was done
    kafka_fails: float = 0.0  #: of a request to Kafka, before it is done
    kafka_unheard: float = 0.0  #: of Kafka's acknowledgement, after it was done


@dataclass
class Ambush:
    """What befalls whoever comes to a place for the so-manieth time."""

    place: str  #: a word of `AMBUSHES`
    passing: int  #: how many are let pass first
    strike: Callable[[Program], bool]  #: False: not this one, wait on


#: Moments at which a program is most vulnerable: something was done, and it does not know yet.
AMBUSHES = ("kafka send", "kafka commit", "sql commit", "http answer", "before commit")


@dataclass
class Weather:
    """Latency, faults and the trace of one history."""

    loop: VirtualLoop
    engine: Engine
    rng: random.Random
    trace: Trace
    trouble: Trouble = field(default_factory=Trouble)
    database_away: bool = False
    kafka_away: bool = False
    ambush: Ambush | None = None
    notified: Callable[[str, str], None] = lambda _channel, _payload: None
    tick: Callable[[], None] = lambda: None  #: brings the database's clock up to now

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.trouble = Trouble()
        self.database_away = self.kafka_away = False
        self.ambush = None

    def tell(self, what: str) -> None:
        """Write a line of the report."""
        self.trace.step(self.loop.time(), f"{self.who()} {what}")

    def detail(self, what: str) -> None:
        """Write a line that only matters to the digest."""
        self.trace.detail(self.loop.time(), f"{self.who()} {what}")

    def who(self) -> str:
        """Whose code is running."""
        program = current_program()
        return "world" if program is None else program.name

    def chance(self, probability: float) -> bool:
        """Whether it happens."""
        return probability > 0 and self.rng.random() < probability

    async def pass_by(self, place: str) -> None:
        """A program comes to a place at which it may be killed or stopped."""
        ambush, program = self.ambush, current_program()
        if ambush is None or ambush.place != place or program is None:
            return
        if ambush.passing > 0:
            ambush.passing -= 1
        elif ambush.strike(program):
            self.ambush = None
            await asyncio.sleep(0)  # from here on it stands still

    # --- the database

    async def to_database(self) -> None:
        """The way there, and the moment at which the server's clock is looked at."""
        if self.rng.random() < 0.3:
            await asyncio.sleep(self._short_s())
        self.tick()

    async def from_database(self) -> None:
        """The way back."""
        if self.rng.random() < 0.8:
            await asyncio.sleep(self._short_s())

    def breaks(self) -> bool:
        """Whether the connection breaks here."""
        return self.database_away or self.chance(self.trouble.connection_breaks)

    def notify(self, session: Session) -> None:
        """Deliver what a committed transaction notified, once each."""
        if session.notified:
            told = dict.fromkeys(session.notified)
            session.notified.clear()
            for channel, payload in told:
                self.notified(channel, payload)

    def notification_delay_s(self) -> float | None:
        """Until a listener hears; None if it does not."""
        if self.chance(self.trouble.notification_lost):
            return None
        return self._short_s()

    # --- the network

    def hop_s(self) -> float:
        """One way over the network."""
        draw = self.rng.random()
        if draw < 0.9:
            return 0.001 + draw * 0.02
        return 0.05 + (draw - 0.9) * 4.0

    def _short_s(self) -> float:
        draw = self.rng.random()
        if draw < 0.95:
            return 0.0002 + draw * 0.001
        return 0.005 + (draw - 0.95) * 2.0
