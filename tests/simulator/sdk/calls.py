"""Which calls of the SDK are tried, by their names: each a function that makes one and looks.

The functions are in the modules calls_*.py; test_calls.py runs them, and holds that none of the
SDK's calls for what the simulator carries is missing.
"""

from collections.abc import Callable

from tests.simulator.sdk.world import World

Try = Callable[[World], None]

CALLS: dict[str, Try] = {}


def tries(function: Try) -> Try:
    """Register a function under its name, which is the call's."""
    return tries_as(function.__name__, function)


def tries_as(name: str, function: Try) -> Try:
    """Register a function under the name of a call."""
    assert name not in CALLS
    CALLS[name] = function
    return function
