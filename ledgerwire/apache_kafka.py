"""A real Apache Kafka on loopback, one node or a cluster: for tests and for `make kafka`.

For: running brokers that can be killed and started again, in a checkout of this project, without
Docker. Not for: production, and not part of an installed Ledgerwire (see `kafka_artifacts`).
"""

import base64
import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from ledgerwire.kafka_artifacts import KafkaUnavailable, fetch, java_command
from ledgerwire.kafka_ping import LOOPBACK, brokers_known_to, free_ports

_POLL_S = 0.05
_FORMATTER = "kafka.tools.StorageTool"
_SERVER = "kafka.Kafka"


@dataclass(slots=True)
class Node:
    """One broker of a cluster, which is also a controller of it.

    Attributes:
        id: its node id, from 1.
        directory: holds its settings, its data and `server.log`.
        process: set while it runs.
    """

    id: int
    port: int
    controller_port: int
    directory: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """``127.0.0.1:port``."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def settings_file(self) -> Path:
        """Kafka's server.properties."""
        return self.directory / "server.properties"

    @property
    def log_file(self) -> Path:
        """What it printed."""
        return self.directory / "server.log"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running Apache Kafka of one or more nodes.

    Attributes:
        nodes: its nodes, in the order of their ids.
        libraries: the folder of jars they run from.
    """

    nodes: tuple[Node, ...]
    libraries: Path

    @property
    def bootstrap(self) -> str:
        """The bootstrap servers, as Kafka clients want them."""
        return ",".join(node.address for node in self.nodes)

    def start_node(self, node: Node) -> None:
        """Start one node that does not run; returns before it answers (see `wait_until_up`)."""
        command = java_command(self.libraries, _SERVER, str(node.settings_file))
        with node.log_file.open("ab") as output:
            # A session of its own: Ctrl-C in a terminal reaches us, and we stop it in order.
            node.process = subprocess.Popen(  # noqa: S603  # java, with arguments of our own
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill_node(self, node: Node) -> None:
        """End one node as a crash would: nothing flushed, nobody told."""
        if node.process is not None:
            node.process.kill()
            node.process.wait()
            node.process = None

    def wait_until_up(self, *, deadline_s: float = 60.0) -> None:
        """Return once every running node answers and knows all the running ones.

        Raises:
            KafkaUnavailable: a node ended, or the deadline passed.
        """
        deadline = time.monotonic() + deadline_s
        expected = {node.id for node in self.nodes if node.process is not None}
        for node in self.nodes:
            while node.id in expected and not _knows(node, expected):
                if time.monotonic() > deadline:
                    raise KafkaUnavailable(f"node {node.id} is not up after {deadline_s:g} s")
                time.sleep(_POLL_S)

    def stop(self, *, deadline_s: float = 30.0) -> None:
        """Stop every node; one that does not end in time is killed."""
        deadline = time.monotonic() + deadline_s
        for node in self.nodes:
            if node.process is not None:
                node.process.terminate()
        for node in self.nodes:
            if node.process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    node.process.wait(max(deadline - time.monotonic(), 0.1))
                self.kill_node(node)


def start(directory: Path, *, nodes: int = 1, deadline_s: float = 60.0) -> Cluster:
    """Format and start a new cluster on free loopback ports; return once all nodes answer.

    With three nodes, topics have three replicas and `acks=all` needs two of them. Topics are
    never made by themselves.

    Args:
        directory: an empty or absent folder; each node gets a folder in it.
        nodes: how many; each is broker and controller.
        deadline_s: seconds to wait until all answer.

    Raises:
        KafkaUnavailable: something is missing, or a node did not come up.
    """
    ports = free_ports(2 * nodes)
    cluster = Cluster(
        nodes=tuple(
            Node(index + 1, ports[2 * index], ports[2 * index + 1], directory / f"node-{index + 1}")
            for index in range(nodes)
        ),
        libraries=fetch(),
    )
    _format(cluster)
    try:
        for node in cluster.nodes:
            cluster.start_node(node)
        cluster.wait_until_up(deadline_s=deadline_s)
    except BaseException:
        cluster.stop(deadline_s=5)
        raise
    return cluster


@contextlib.contextmanager
def running(directory: Path, *, nodes: int = 1) -> Iterator[Cluster]:
    """Run a cluster for the length of a with-block; see `start`."""
    cluster = start(directory, nodes=nodes)
    try:
        yield cluster
    finally:
        cluster.stop()


def _knows(node: Node, expected: set[int]) -> bool:
    if node.process is not None and node.process.poll() is not None:
        printed = node.log_file.read_text(errors="replace").strip()
        raise KafkaUnavailable(f"node {node.id} ended: {printed[-1000:]}")
    try:
        return brokers_known_to(node.address, timeout_s=2) >= expected
    except OSError:
        return False


def _format(cluster: Cluster) -> None:
    """Give every node its settings and an empty, formatted data folder; all at the same time."""
    # Kafka's form of a UUID. The fixed first byte keeps it from beginning with a dash, which
    # the tool would take for an option.
    cluster_id = base64.urlsafe_b64encode(b"L" + os.urandom(15)).decode().rstrip("=")
    formatting = []
    for node in cluster.nodes:
        node.directory.mkdir(parents=True)
        node.settings_file.write_text(_settings(node, cluster.nodes))
        arguments = ("format", "--cluster-id", cluster_id, "--config", str(node.settings_file))
        formatting.append(
            subprocess.Popen(  # noqa: S603  # java, with arguments of our own
                java_command(cluster.libraries, _FORMATTER, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        )
    outputs = [process.communicate()[0] for process in formatting]
    for process, output in zip(formatting, outputs, strict=True):
        if process.returncode != 0:
            raise KafkaUnavailable(f"formatting failed: {output.decode(errors='replace')[-1000:]}")


def _settings(node: Node, nodes: tuple[Node, ...]) -> str:
    """Return the settings of one node: replicated where it can be, otherwise Kafka's defaults."""
    replicas, in_sync = len(nodes), min(2, len(nodes))
    settings = {
        "process.roles": "broker,controller",
        "node.id": node.id,
        "listeners": f"PLAINTEXT://{node.address},CONTROLLER://{LOOPBACK}:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{node.address}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "controller.quorum.voters": ",".join(
            f"{voter.id}@{LOOPBACK}:{voter.controller_port}" for voter in nodes
        ),
        "log.dirs": node.directory / "data",
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        # Tests wait for these. Three seconds (not nine) until a dead broker's partitions move.
        "broker.heartbeat.interval.ms": 500,
        "broker.session.timeout.ms": 3000,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


@click.command()
@click.option("--nodes", type=click.IntRange(1, 5), default=1, show_default=True)
def main(nodes: int) -> None:
    """Run a real Apache Kafka on loopback until interrupted; its data go when it ends.

    Example: python -m ledgerwire.apache_kafka --nodes 3
    """
    for number in (signal.SIGTERM, signal.SIGINT):  # the second is ignored behind a shell's `&`
        signal.signal(number, signal.default_int_handler)
    click.echo("Starting Apache Kafka (the first time Maven fetches it) …", err=True)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="ledgerwire-kafka-") as directory,
            running(Path(directory), nodes=nodes) as cluster,
        ):
            click.echo(f"LEDGERWIRE_KAFKA={cluster.bootstrap}")
            click.echo("Press Ctrl-C to stop.", err=True)
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
    except KafkaUnavailable as error:
        click.echo(f"{error}.", err=True)
        raise SystemExit(3) from None


if __name__ == "__main__":
    main()
