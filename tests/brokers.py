"""Fixtures every test may ask for: brokers, the embedded one and a real Apache Kafka.

Also the markers of what a test needs from the machine (`needs_kafka`, `needs_kcat`, `needs_npm`,
`needs_chromium`). Where the need is not met the test is skipped and the run's last lines say so;
in CI it fails instead.

pytest loads this as a plugin; nothing imports it.
"""

import itertools
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from ledgerwire import apache_kafka as real
from ledgerwire import embedded_broker, kafka_artifacts
from unified.broker import BrokerSettings

FEW_PARTITIONS = 4

_prefixes = itertools.count(1)


@pytest.fixture(scope="session")
def broker_server() -> Iterator[embedded_broker.EmbeddedBroker]:
    """An embedded broker for this pytest process."""
    folder = Path(tempfile.mkdtemp(prefix="ledgerwire-tests-"))
    server = embedded_broker.start(folder)
    try:
        yield server
    finally:
        embedded_broker.stop(server)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def apache_kafka() -> Iterator[real.Cluster]:
    """A real Apache Kafka of one node for this pytest process; mark the test `needs_kafka`."""
    try:
        kafka_artifacts.fetch()
    except kafka_artifacts.KafkaUnavailable as error:  # Maven is here, but can't reach anything
        _skip_or_fail("needs_kafka", str(error))
    folder = Path(tempfile.mkdtemp(prefix="ledgerwire-tests-"))
    try:
        with real.running(folder) as cluster:
            yield cluster
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["embedded", pytest.param("apache", marks=pytest.mark.needs_kafka)])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[BrokerSettings]:
    """A broker with topics of this test's own: the embedded one, and again on Apache Kafka."""
    async for settings in _topics_of_its_own(request, embedded=request.param == "embedded"):
        yield settings


@pytest.fixture
async def kafka_broker(request: pytest.FixtureRequest) -> AsyncIterator[BrokerSettings]:
    """The same on Apache Kafka alone, for what the embedded one can't do; mark `needs_kafka`."""
    async for settings in _topics_of_its_own(request, embedded=False):
        yield settings


@pytest.fixture
async def embedded_broker_settings(request: pytest.FixtureRequest) -> AsyncIterator[BrokerSettings]:
    """The same on the embedded broker alone, for what need not be seen twice."""
    async for settings in _topics_of_its_own(request, embedded=True):
        yield settings


async def _topics_of_its_own(
    request: pytest.FixtureRequest, *, embedded: bool
) -> AsyncIterator[BrokerSettings]:
    if embedded:
        server: embedded_broker.EmbeddedBroker = request.getfixturevalue("broker_server")
        bootstrap = server.address
    else:
        cluster: real.Cluster = request.getfixturevalue("apache_kafka")
        bootstrap = cluster.bootstrap
    prefix = f"test{next(_prefixes)}"
    # Apache Kafka takes seconds to make the partitions of all topics, so there it has few.
    partitions = 12 if embedded else FEW_PARTITIONS
    yield BrokerSettings(
        bootstrap=bootstrap, prefix=prefix, partitions=partitions, embedded=embedded
    )
    await _delete_topics(bootstrap, f"{prefix}.")


async def _delete_topics(bootstrap: str, beginning: str) -> None:
    """Forget a test's topics, so that a broker shared by hundreds of tests stays small."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        ours = [topic for topic in await admin.list_topics() if topic.startswith(beginning)]
        if ours:
            await admin.delete_topics(ours)
    finally:
        await admin.close()


def _kcat_missing() -> str | None:
    return None if shutil.which("kcat") else "the command kcat"


def _npm_missing() -> str | None:
    return None if shutil.which("node") and shutil.which("npm") else "Node.js with npm"


def chromium() -> str | None:
    """Where an installed Chromium is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def _chromium_missing() -> str | None:
    return None if chromium() else "the browser Chromium"


# What a marker asks of the machine: a function that names what is missing, or returns None.
_NEEDS: dict[str, Callable[[], str | None]] = {
    "needs_chromium": cache(_chromium_missing),
    "needs_kafka": cache(kafka_artifacts.missing),
    "needs_kcat": cache(_kcat_missing),
    "needs_npm": cache(_npm_missing),
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests on Apache Kafka in one process of a parallel run, the long ones in another, and
    those in a browser: all are heavy to start."""
    for item in items:
        if item.get_closest_marker("needs_kafka"):
            group = "proofs" if item.get_closest_marker("proof") else "tests"
            item.add_marker(pytest.mark.xdist_group(f"apache-kafka {group}"))
        if item.get_closest_marker("needs_chromium"):
            item.add_marker(pytest.mark.xdist_group("chromium"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose need is not met; in CI, where nothing may be skipped, fail it."""
    for marker, missing in _NEEDS.items():
        if item.get_closest_marker(marker) and (lacking := missing()):
            _skip_or_fail(marker, f"missing {lacking}")


def _skip_or_fail(marker: str, reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI may skip nothing, but {marker}: {reason}", pytrace=False)
    pytest.skip(f"{marker}: {reason}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end which needs were not met, and how many tests that cost."""
    skipped: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        if isinstance(report.longrepr, tuple):
            reason = report.longrepr[2].removeprefix("Skipped: ")
            if reason.partition(":")[0] in _NEEDS:
                skipped[reason] += 1
    for reason, tests in sorted(skipped.items()):
        terminalreporter.write_line(f"Needs not met: {reason}; {tests} tests skipped", yellow=True)
