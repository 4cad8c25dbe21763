"""One simulator and one linked caller with Xero's SDK for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.simulator.sdk.world import World, running


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """A linked organisation that is seen through the SDK."""
    with running() as simulator:
        yield World(simulator)
