"""The demo's course: link, backfill, business days with nights between, one sweep, judgement."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click
import httpx

from crm.progress import CrmProgress
from ledgerwire.demo.figures import measure
from ledgerwire.demo.judging import judge_installation
from ledgerwire.demo.linking import link_all
from ledgerwire.demo.outcome import show_outcome
from ledgerwire.demo.pace import Pace
from ledgerwire.demo.per_resource import per_resource
from ledgerwire.demo.progress import backfill_bar
from ledgerwire.demo.quiet import Watch
from ledgerwire.demo.snapshots import take_reports
from ledgerwire.demo.stage import Stage, programs, staged
from ledgerwire.failures import JobFailed, WrongUsage
from ledgerwire.installation import Installation, open_installation
from ledgerwire.lines import event_line
from ledgerwire.stopping import unless_stopped
from ledgerwire.tailing import Wanted, follow_broker
from storage.api_keys import create_api_key
from storage.cursors import bring_sweeps_forward
from unified.ids import TenantId
from unified.resources import SOURCES

LOST = 0.02  #: share of webhook deliveries that are lost on purpose
DAY_S = 8.0  #: real seconds that one business day lasts, at most
NIGHT = timedelta(days=1)
PATIENCE_S = 90.0
LINES_A_SECOND = 8.0  #: of the live tail; the rest is counted


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """The command's options."""

    seconds: float = 40.0
    seed: int = 1
    rate: float = 1.0
    tenants: int = 2
    port: int | None = None
    quiet: bool = False
    as_json: bool = False
    keep: Path | None = None


async def run_demo(options: DemoOptions, stop: asyncio.Event) -> bool:
    """Run the demo; True if the oracle found no difference.

    Raises:
        WrongUsage: the folder to keep holds something already.
        CannotListen: the port is taken.
        StageError, LinkFailed, NotQuiet: it could not be played to its end.
        JobFailed: it was stopped before anything was played.
    """
    say: Callable[[str], None] = (lambda _: None) if options.quiet else click.echo
    with _folder(options.keep) as folder:
        async with staged(
            folder, seed=options.seed, tenants=options.tenants, port=options.port
        ) as stage:
            say(f"simulator   {stage.simulated.base_url}")
            async with open_installation(stage.settings) as here:
                say(f"PostgreSQL  embedded, Kafka {here.broker.bootstrap} (embedded)")
                pace = Pace(stage.settings.clock_file or folder / "clock", here.clock.real)
                async with programs(stage), _watch(stage, here) as watch:
                    say(f"receiver    {stage.url}/webhooks/xero")
                    beginning = _begin(stage, here, watch, pace, options, say)
                    if not await unless_stopped(stop, beginning):
                        raise JobFailed("Stopped before the first business day: nothing to compare")
                    show = Tail(here, say)
                    async with show.running():
                        await _play(watch, pace, options, say, stop)
                        await _last_sweep(here, watch, pace, say)
                    judged = await judge_installation(
                        here.db, here.broker, stage.simulated.control_url
                    )
                    figures = await measure(here.db)
                    resources = await per_resource(here.db, pace.history)
    show_outcome(judged, figures, resources, quiet=options.quiet, as_json=options.as_json, say=say)
    return not judged.differences


class _folder:  # used like a function
    """The demo's folder: a temporary one, or the one to keep."""

    def __init__(self, keep: Path | None) -> None:
        self._keep = keep
        self._temporary: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Path:
        if self._keep is not None:
            self._keep.mkdir(parents=True, exist_ok=True)
            if any(self._keep.iterdir()):
                raise WrongUsage(
                    f"{self._keep} is not empty, and a demo begins with nothing: name a new folder"
                )
            return self._keep.absolute()
        self._temporary = tempfile.TemporaryDirectory(
            prefix="ledgerwire-demo-", ignore_cleanup_errors=True
        )
        return Path(self._temporary.name)

    def __exit__(self, *_: object) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()


@asynccontextmanager
async def _watch(stage: Stage, here: Installation) -> AsyncIterator[Watch]:
    async with (
        httpx.AsyncClient(timeout=60.0) as http,
        CrmProgress(here.db, here.broker) as crm,
    ):
        yield Watch(here.db, crm, here.clock, stage.simulated.control_url, http)


async def _begin(  # all that is on stage
    stage: Stage,
    here: Installation,
    watch: Watch,
    pace: Pace,
    options: DemoOptions,
    say: Callable[[str], None],
) -> None:
    """Until the organisations are linked and read, and a person may ask."""
    async with pace.hurrying():
        await _link(stage, watch, options, say)
        say(f"reports     {await take_reports(here)} snapshots a week")
        await watch.quiet(PATIENCE_S)
    await _show_api(here, stage, say)


async def _link(
    stage: Stage, watch: Watch, options: DemoOptions, say: Callable[[str], None]
) -> None:
    """Validate the webhook as Xero does, link through OAuth, and wait for the backfill."""
    address = f"http://127.0.0.1:{stage.settings.port}/webhooks/xero"
    answer = await watch.steer("webhook", {"url": address, "validate": True})
    say(f"webhook     intent to receive: {answer.get('message')}")
    await link_all(
        stage.url,
        [tenant_id for tenant_id, _ in stage.simulated.tenants],
        external_id="demo-customer",
    )
    for _, name in stage.simulated.tenants:
        say(f"linked      {name}")
    began = asyncio.get_running_loop().time()
    with backfill_bar(shown=not options.quiet) as seen:
        await watch.backfilled(options.tenants, PATIENCE_S, seen=seen)
    await watch.quiet(PATIENCE_S)
    records = await watch.db.fetchval("SELECT count(*) FROM record")
    took_s = asyncio.get_running_loop().time() - began
    say(f"backfilled  {records} records in {took_s:.1f} s\n")


async def _show_api(here: Installation, stage: Stage, say: Callable[[str], None]) -> None:
    """How to ask what was read, with a key of this demo alone: for one organisation, so that a
    request need not name it."""
    tenant_id, _ = stage.simulated.tenants[0]
    made = await create_api_key(
        here.db, "demo", scopes=["read", "write", "proxy"], tenants=[TenantId(tenant_id)]
    )
    say(f"api         {stage.url}/docs, in another terminal:")
    say(f"  curl -H 'Authorization: Bearer {made.text}' \\")
    say(f"       '{stage.url}/v1/accounting/invoices?limit=1'\n")


async def _play(
    watch: Watch,
    pace: Pace,
    options: DemoOptions,
    say: Callable[[str], None],
    stop: asyncio.Event,
) -> None:
    """Business days until the time is up, a night after each."""
    await watch.steer("faults", {"deliveries": {"lose": LOST}})
    loop = asyncio.get_running_loop()
    began = loop.time()
    day = 0
    while not stop.is_set():
        left_s = options.seconds - (loop.time() - began) if options.seconds else DAY_S
        if left_s <= 0 and day > 0:
            break
        day += 1
        seconds = min(max(left_s, 1.0), DAY_S)
        await watch.steer("play", {"rate": options.rate, "seconds": seconds})
        await _wait(stop, seconds)
        if stop.is_set():
            say(f"{'':12}── ending: what is under way arrives first, and is compared ──")
        await watch.steer("play", {"rate": 0})
        await watch.heard(PATIENCE_S)
        async with pace.hurrying():  # nothing but Xero's limits is waited for
            await watch.quiet(PATIENCE_S)
            pace.forward(NIGHT)
            await watch.quiet(PATIENCE_S)
        say(f"{'':12}── night: {day} {'day' if day == 1 else 'days'} later ──")
    await watch.steer("play", {"rate": 0})


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def _last_sweep(
    here: Installation, watch: Watch, pace: Pace, say: Callable[[str], None]
) -> None:
    """What lost webhooks would have told is found by one sweep of everything."""
    await watch.heard(PATIENCE_S)
    async with pace.hurrying():
        await watch.quiet(PATIENCE_S)
    paths = [resource.endpoint.path for resource in SOURCES]
    before = await here.db.fetchval("SELECT count(*) FROM event")
    await bring_sweeps_forward(here.db, paths, now=here.clock.now(), spread_s=0.0)
    await here.db.execute("SELECT pg_notify('ledgerwire_notice', '')")
    async with pace.hurrying():
        await watch.quiet(PATIENCE_S)
    healed = await here.db.fetchval("SELECT count(*) FROM event") - before
    say(f"\nswept       {healed} changes found that no webhook told")


class Tail:
    """Prints events live, at a pace that can be read."""

    def __init__(self, here: Installation, say: Callable[[str], None]) -> None:
        self._here = here
        self._say = say
        self._stop = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Print while the block runs."""
        task = asyncio.create_task(self._print())
        try:
            yield
        finally:
            self._stop.set()
            await asyncio.gather(task)

    async def _print(self) -> None:
        loop = asyncio.get_running_loop()
        allowance, at, unseen = LINES_A_SECOND, loop.time(), 0
        async for message in follow_broker(self._here.broker, Wanted(), self._stop):
            now = loop.time()
            allowance = min(allowance + (now - at) * LINES_A_SECOND, LINES_A_SECOND)
            at = now
            if allowance < 1:
                unseen += 1
                continue
            allowance -= 1
            if unseen:
                self._say(f"{'':12}… and {unseen} more")
                unseen = 0
            self._say(event_line(message.value, short=True))
