"""What starting a Kafka broker on loopback takes: free ports, and asking it who is there.

For: knowing that a server just started really answers, which an open port does not tell. Not for:
talking to Kafka (aiokafka does), nor for brokers behind TLS or SASL.
"""

import contextlib
import socket
import struct

LOOPBACK = "127.0.0.1"

_METADATA = 3
_VERSION = 1
_CORRELATION = 7
_NO_TOPICS = struct.pack(">i", 0)
_LONGEST_ANSWER = 1 << 20


def free_ports(count: int) -> list[int]:
    """Return that many different loopback ports which were free a moment ago."""
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((LOOPBACK, 0))
        return [probe.getsockname()[1] for probe in probes]


def brokers_known_to(address: str, *, timeout_s: float) -> frozenset[int]:
    """Return the ids of the brokers that the broker at this address knows to be alive.

    Args:
        address: ``host:port``.
        timeout_s: seconds for connecting and for each read.

    Raises:
        OSError: nobody listens there, or nobody answered in time.
        ValueError: what answered does not speak Kafka's protocol.
    """
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout_s) as connection:
        connection.settimeout(timeout_s)
        connection.sendall(_request())
        (size,) = struct.unpack(">i", _exactly(connection, 4))
        if not 8 <= size <= _LONGEST_ANSWER:
            raise ValueError(f"{address} does not speak Kafka's protocol")
        return _broker_ids(_exactly(connection, size))


def _request() -> bytes:
    client = b"ledgerwire"
    header = struct.pack(">hhih", _METADATA, _VERSION, _CORRELATION, len(client)) + client
    body = header + _NO_TOPICS
    return struct.pack(">i", len(body)) + body


def _exactly(connection: socket.socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        piece = connection.recv(size - len(received))
        if not piece:
            raise ConnectionResetError("the broker closed the connection before it answered")
        received += piece
    return bytes(received)


def _broker_ids(answer: bytes) -> frozenset[int]:
    """Read the brokers of a Metadata answer, version 1: id, host, port, rack of each."""
    try:
        correlation, count = struct.unpack_from(">ii", answer)
        if correlation != _CORRELATION:
            raise ValueError("an answer to somebody else's question")
        ids, at = set(), 8
        for _ in range(count):
            node_id, host_size = struct.unpack_from(">ih", answer, at)
            at += 6 + host_size + 4
            (rack_size,) = struct.unpack_from(">h", answer, at)
            at += 2 + max(rack_size, 0)
            ids.add(node_id)
    except struct.error as error:
        raise ValueError("a Metadata answer that ends too early") from error
    return frozenset(ids)
