"""Ports that stay free while a program that listens on them is started again."""

import random
import socket
from contextlib import ExitStack, suppress

_RANGE = (20_000, 32_000)  #: below those that outgoing connections are given


def neighbouring_ports(count: int) -> int:
    """The first of so many neighbouring loopback ports that are all free."""
    for _ in range(200):
        first = random.randrange(*_RANGE)  # noqa: S311  # any will do
        with suppress(OSError), ExitStack() as held:
            for port in range(first, first + count):
                held.enter_context(socket.create_server(("127.0.0.1", port)))
            return first
    raise AssertionError("no free ports")
