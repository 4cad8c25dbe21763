"""Run the payment-status consumer: begin a session, and another whenever one fails.

The rules are in payment_status, the order of work in consumer. This module only keeps it going.
"""

import asyncio
import random

import structlog
from aiokafka.errors import KafkaError

from crm.consumer import Setup, consume
from crm.health import Health
from crm.publisher import Reached
from storage.database import Database
from storage.errors import StorageConflict, StorageUnavailable
from unified.broker import BrokerSettings
from unified.clock import Clock

log = structlog.get_logger(__name__)

FIRST_WAIT_S = 0.2  #: after a failed session; doubles with each that got no round done
LONGEST_WAIT_S = 5.0
DRAIN_S = 3.0  #: for a session to end its round, once asked to stop; closing comes on top

_WORTH_ANOTHER = (KafkaError, StorageUnavailable, StorageConflict, OSError, TimeoutError)


async def _nothing(_point: str) -> None:
    """Reached, and nobody wants to know."""


async def run(  # noqa: PLR0913  # each is a part the wiring owns; all but four have defaults
    db: Database,
    broker: BrokerSettings,
    clock: Clock,
    stop: asyncio.Event,
    *,
    instance: str = "crm-0",
    health: Health | None = None,
    reached: Reached = _nothing,
) -> None:
    """Keep the payment-status topics up to date until `stop` is set.

    `instance` must be stable over restarts and differ between processes of one installation.
    Kafka or the database being away is waited out. Returns within seconds of `stop`.

    Raises:
        StorageError: the database answers, but cannot serve this program.
    """
    setup = Setup(
        db=db,
        broker=broker,
        clock=clock,
        instance=instance,
        health=health or Health(),
        reached=reached,
    )
    wait_s = FIRST_WAIT_S
    while not stop.is_set():
        before = setup.health.rounds
        try:
            await _session(setup, stop)
        except _WORTH_ANOTHER as error:
            setup.health.session_failed(error)
            if setup.health.rounds != before:
                wait_s = FIRST_WAIT_S
            log.warning("crm_session_failed", error=repr(error), again_in_s=wait_s)
            await _pause(stop, wait_s * random.uniform(0.5, 1.0))  # noqa: S311  # jitter
            wait_s = min(wait_s * 2, LONGEST_WAIT_S)


async def _session(setup: Setup, stop: asyncio.Event) -> None:
    """Run one session; one that does not leave in time when asked to stop is cut off."""
    session = asyncio.create_task(consume(setup, stop))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({session, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not session.done():
            await asyncio.wait({session}, timeout=DRAIN_S)
        if session.done():
            session.result()
        else:
            log.warning("crm_session_cut_off", after_s=DRAIN_S)
    finally:
        stopping.cancel()
        session.cancel()
        await asyncio.gather(session, stopping, return_exceptions=True)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
