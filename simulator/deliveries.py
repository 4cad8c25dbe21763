"""The courier: packs announced changes into payloads and carries them to the webhook URL.

Payloads are packed at irregular moments and may mix organisations; sequence numbers rise
per app. A failed delivery is tried again by the policy's schedule; when that is used up the
subscription is disabled, later events are kept (or forgotten, by the older text), and a
passed intent-to-receive run sends what was kept in order. All waiting is real time.
"""

import asyncio
import functools
import random
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass

import httpx

from simulator import intent, webhooks
from simulator.config import DeliveryPolicy
from simulator.faults import Faults
from simulator.ledger import Change
from simulator.subscription import Counts, Pulse, Subscription


@dataclass
class _Delivery:
    body: bytes
    events: int
    attempts: int = 0
    hurried: int = 0  # the last flush that let it try again at once


class Courier:
    """Owns the subscription and everything on its way."""

    def __init__(  # noqa: PLR0913  # the subscription's facts, each named where it is passed
        self,
        policy: DeliveryPolicy,
        faults: Faults,
        rng: random.Random,
        *,
        key: str,
        url: str | None,
        validated: bool,
        client: Callable[[], httpx.AsyncClient] | None = None,
    ) -> None:
        self._policy = policy
        self._faults = faults
        self._rng = rng
        self._client = client or _network_client
        self.key = key
        self.url = url
        self.state = Subscription.ENABLED if validated else Subscription.UNVALIDATED
        if url is None:
            self.state = Subscription.ABSENT
        self.counts = Counts()
        self.last_sequence = 0
        self._queue: deque[webhooks.Event] = deque()
        self._stored: deque[_Delivery] = deque()
        self._waiting: set[asyncio.Task[None]] = set()
        self._hurry = Pulse()  # cuts packing pauses and delays short
        self._retry = Pulse()  # lets failed deliveries try again at once
        self._flush = 0
        self._flushing = False
        self._news = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._slots = asyncio.Semaphore(policy.concurrency)
        self._http: httpx.AsyncClient | None = None

    @property
    def pending(self) -> int:
        """Events not yet packed plus payloads still on their way."""
        return len(self._queue) + len(self._waiting)

    @property
    def stored(self) -> int:
        """Payloads kept while disabled."""
        return len(self._stored)

    def announce(self, change: Change) -> None:
        """Take a change to be delivered soon."""
        self.counts.events += 1
        keeps = self.state is Subscription.DISABLED and self._policy.replay
        if self.state is not Subscription.ENABLED and not keeps:
            self.counts.events_unsent += 1
            return
        lag_ms = self._rng.randint(*self._policy.event_lag_ms)
        self._queue.append(webhooks.of_change(change, lag_ms))
        if keeps:
            self._stored.append(self._pack())
            return
        self._idle.clear()
        self._news.set()

    async def run(self) -> None:
        """Pack and send until cancelled."""
        async with self._client() as http:
            self._http = http
            try:
                while True:
                    await self._news.wait()
                    await self._hurry.wait(self._rng.uniform(*self._policy.spacing_s))
                    while self._queue:
                        self._dispatch()
                        if len(self._queue) < self._policy.batch_max:
                            break
                    if not self._queue:
                        self._news.clear()
                    self._settle()
            finally:
                for task in self._waiting:
                    task.cancel()
                await asyncio.gather(*self._waiting, return_exceptions=True)
                self._http = None

    async def flush(self, timeout_s: float) -> int:
        """Send everything now; wait until nothing is pending. Returns what still is."""
        self._flush += 1
        self._flushing = True
        self._retry.beat()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    while self.pending:
                        self._hurry.beat()
                        with suppress(TimeoutError):
                            await asyncio.wait_for(self._idle.wait(), 0.05)
        finally:
            self._flushing = False
        return self.pending

    async def subscribe(
        self, url: str | None, key: str | None, *, validate: bool = True
    ) -> intent.IntentResult:
        """Set the URL and key, validate, and on success enable and replay what was kept."""
        if key is not None:
            self.key = key
        if url is None:
            self.url, self.state = None, Subscription.ABSENT
            return intent.IntentResult(intent.REQUIRED)
        self.url = url
        result = intent.IntentResult(intent.OK)
        if validate:
            async with self._client() as http:
                result = await intent.run(
                    http, url, self.key, rng=self._rng, timeout_s=self._policy.timeout_s
                )
        if result.message != intent.OK:
            if self.state is not Subscription.DISABLED:
                self.state = Subscription.UNVALIDATED
            return result
        self.state = Subscription.ENABLED
        if self._stored:
            self._start(self._replay())
        return result

    def _dispatch(self) -> None:
        """Pack one payload and let it go, or let a fault have it."""
        delivery = self._pack()
        fault = self._faults.for_delivery()
        if fault == "lose":
            self.counts.lost += 1
            self.counts.events_lost += delivery.events
            return
        wait_s = 0.0
        if fault == "delay":
            self.counts.delayed += 1
            wait_s = self._faults.deliveries.delay_s * self._rng.uniform(0.5, 1.5)
        elif fault == "reorder":
            # Held until whatever comes later has had time to overtake it.
            self.counts.reordered += 1
            wait_s = self._rng.uniform(0.2, 1.0) * self._policy.hold_s
        self._start(self._carry(delivery, wait_s))
        if fault == "repeat":
            self.counts.repeated += 1
            self._start(self._carry(delivery, self._rng.uniform(0.0, 0.2)))

    def _pack(self) -> _Delivery:
        count = min(len(self._queue), self._rng.randint(1, self._policy.batch_max))
        if len(self._queue) <= self._policy.batch_max // 2:
            count = len(self._queue)
        events = [self._queue.popleft().body() for _ in range(count)]
        first = self.last_sequence + 1
        self.last_sequence += count
        self.counts.packed += 1
        body = webhooks.serialise(events, first, self.last_sequence, webhooks.entropy(self._rng))
        # What is packed while a flush runs may hurry as well; later payloads owe it nothing.
        return _Delivery(body, count, hurried=self._flush - self._flushing)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._waiting.add(task)
        self._idle.clear()
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._waiting.discard(task)
        self._settle()
        if not task.cancelled() and task.exception() is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a delivery broke", "exception": task.exception(), "task": task}
            )

    def _settle(self) -> None:
        if not self.pending:
            self._idle.set()

    async def _carry(self, delivery: _Delivery, wait_s: float) -> None:
        if wait_s > 0:
            await self._hurry.wait(wait_s)
        for pause_s in (None, *self._policy.retry_schedule_s):
            if pause_s is not None and pause_s > 0:
                await self._await_retry(delivery, pause_s)
            if self.state is not Subscription.ENABLED:
                break
            if await self._post(delivery):
                return
        else:
            self.state = Subscription.DISABLED
        self.counts.given_up += 1
        if self._policy.replay and self.state is Subscription.DISABLED:
            self._stored.append(delivery)
            self._retry.beat()

    async def _await_retry(self, delivery: _Delivery, pause_s: float) -> None:
        """The schedule's pause; each flush lets a delivery skip one."""
        if delivery.hurried == self._flush:
            await self._retry.wait(pause_s)
        delivery.hurried = self._flush

    async def _replay(self) -> None:
        """Send what was kept, oldest first, one at a time."""
        while self._stored and self.state is Subscription.ENABLED:
            delivery = self._stored[0]
            if not await self._post(delivery):
                self.state = Subscription.DISABLED
                return
            self._stored.popleft()

    async def _post(self, delivery: _Delivery) -> bool:
        if self._http is None or self.url is None:
            return False
        async with self._slots:
            self.counts.posts += 1
            delivery.attempts += 1
            signature = webhooks.sign(self.key, delivery.body)
            try:
                answer = await self._http.post(
                    self.url,
                    content=delivery.body,
                    headers=webhooks.headers(signature),
                    timeout=self._policy.timeout_s,
                )
            except httpx.HTTPError as error:
                self.counts.failed(type(error).__name__)
                return False
        if not answer.is_success or answer.content or "set-cookie" in answer.headers:
            self.counts.failed(str(answer.status_code))
            return False
        self.counts.acknowledged += 1
        self.counts.events_acknowledged += delivery.events
        if delivery.attempts > 1:
            # Healthy again: whatever else waits for its next attempt may go at once.
            self._retry.beat()
        return True


@functools.cache
def _tls() -> ssl.SSLContext:
    # Reading the trusted certificates takes longer than starting a simulator.
    return ssl.create_default_context()


def _network_client() -> httpx.AsyncClient:
    """A client that sends Xero's headers only: no User-Agent, no redirects followed."""
    client = httpx.AsyncClient(verify=_tls(), follow_redirects=False, trust_env=False)
    del client.headers["user-agent"]
    return client
