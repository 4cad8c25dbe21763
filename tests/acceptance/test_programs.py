"""The command line as a user walks through it: what it prints, how it ends, what it shares."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from crm.progress import CrmProgress
from ledgerwire.demo.judging import judge_installation
from ledgerwire.demo.linking import consent_at, link_all
from ledgerwire.demo.quiet import Watch
from ledgerwire.installation import open_installation
from oracle.report import report
from tests.acceptance.programs import COMMAND_S, Ended, Running, Shell, installation
from tests.acceptance.unannounced import UNANNOUNCED
from tests.figures import Figure

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

PATIENCE_S = 90.0
DEMO_KEYS = {
    "ok",
    "differences",
    "changes",
    "topics",
    "latency_ms",
    "xero_calls",
    "xero_bytes",
    "calls_per_change",
    "resources",
}


@pytest.fixture
async def simulated() -> AsyncIterator[dict[str, Any]]:
    """A simulator as a program of its own: what it announced."""
    words = ("simulate", "--json", "--port", "0", "--seed", "3", "--tenants", "2", "--small")
    async with Shell({}).running(*words) as program:
        told: dict[str, Any] = json.loads(await program.line())
        yield told
        assert await program.stop() == 0


def one_sentence(ended: Ended, code: int, *words: str) -> None:
    """It failed as the contract says: this code, one line that names the matter, no traceback."""
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    last = ended.err.strip().splitlines()[-1]
    assert all(word in last for word in words), ended.err


async def steer(simulated: dict[str, Any], what: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask the simulator for something."""
    async with httpx.AsyncClient(timeout=30.0) as client:
        answer = await client.post(f"{simulated['control_url']}/{what}", json=body)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def link(shell: Shell, simulated: dict[str, Any], port: int) -> None:
    """Open the address that `ledgerwire link` prints, and agree to every organisation."""
    address = f"http://127.0.0.1:{port}/webhooks/xero"
    answer = await steer(simulated, "webhook", {"url": address, "validate": True})
    assert answer["state"] == "enabled"
    printed = await shell.run("link", "--external-id", "customer-42")
    assert printed.code == 0
    assert printed.out.startswith(f"http://localhost:{port}/connect?session=")
    tenants = [each["tenant_id"] for each in simulated["tenants"]]
    await consent_at(printed.out.strip(), tenants)


@asynccontextmanager
async def watching(shell: Shell, simulated: dict[str, Any]) -> AsyncIterator[Watch]:
    """A look into the installation from outside, beside its programs."""
    async with (
        open_installation(shell.settings()) as here,
        httpx.AsyncClient(timeout=60.0) as http,
        CrmProgress(here.db, here.broker) as crm,
    ):
        yield Watch(here.db, crm, here.clock, simulated["control_url"], http)


async def test_a_user_walks_through_the_commands(simulated: dict[str, Any], tmp_path: Path) -> None:
    """From the simulator's line to events on the terminal, and everything is down at the end."""
    keys = {"base_url", "client_id", "client_secret", "webhook_key", "tenants", "control_url"}
    assert keys == set(simulated)
    shell, port = installation(simulated, tmp_path)
    embedded = tmp_path / "data" / "embedded.json"

    checked = await shell.run("config", "check")
    assert checked.code == 0, checked.err
    shown = await shell.run("config", "show", "--json")
    assert shown.json["LEDGERWIRE_PORT"] == {"value": str(port), "source": "environment"}
    assert simulated["client_secret"] not in shown.out

    async with shell.running("up", port=port) as up:
        await up.ready(port + 1)
        await link(shell, simulated, port)
        async with watching(shell, simulated) as watch:
            await watch.backfilled(2, PATIENCE_S)
        listed = await shell.run("tenants", "--json")
        rows = listed.json
        assert all(row["backfill"] == "done" for row in rows)
        assert {row["tenant_id"] for row in rows} == {
            each["tenant_id"] for each in simulated["tenants"]
        }
        assert all(row["state"] == "linked" for row in rows)
        assert (await shell.run("dead", "list", "--json")).json == []

        await tail(shell, simulated)

        servers = embedded.read_text()
        second, other_port = installation(simulated, tmp_path)
        async with second.running("run", "receiver", "api", port=other_port) as beside:
            assert embedded.read_text() == servers
            assert await up.stop() == 0
            listed = await second.run("tenants", "--json")
            assert len(listed.json) == 2
            assert embedded.read_text() == servers
            assert await beside.stop() == 0
    assert not embedded.exists()
    pids = json.loads(servers)["pids"]
    assert set(pids) == {"database_url", "kafka"}
    assert not any(runs(pid) for pid in pids.values())


def runs(pid: int) -> bool:
    """Whether a process still does something; one that only waits for its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def tail(shell: Shell, simulated: dict[str, Any]) -> None:
    """`tail` shows what was, what comes, and ends when told to."""
    words = ("tail", "invoices", "--from", "beginning", "--json")
    async with shell.running(*words) as following:
        first = json.loads(await following.line())
        assert first["entity"]["resource"] == "invoice"
        await steer(simulated, "act", {"actions": 40})
        kinds = {first["cause"]["kind"]}
        while "webhook" not in kinds:
            # The backfill may have spent the minute's calls, which is waited out in real time.
            line = await following.line(patience_s=PATIENCE_S)
            kinds.add(json.loads(line)["cause"]["kind"])
        assert await following.stop() == 0


async def test_errors_are_one_sentence_with_the_right_code(
    simulated: dict[str, Any], tmp_path: Path
) -> None:
    """0 success, 1 a failed job, 2 bad usage, 3 a dependency is away: never a traceback."""
    shell, port = installation(simulated, tmp_path)
    away = shell.but(
        database_url="postgresql://nobody@127.0.0.1:1/nothing",
        kafka="127.0.0.1:1",
        secret_keys="4TgnXoEWmkHyO1LlmT8pYUsHf3zVYgYzb0GtUtHzmyE=",
    )
    with socket.create_server(("127.0.0.1", port)):
        checks = [
            (shell.but(port="many"), ("config", "check"), 2, ("LEDGERWIRE_PORT",)),
            (shell.but(colour="red"), ("config", "check"), 2, ("LEDGERWIRE_COLOUR",)),
            (shell.but(xero_client_id=None), ("up",), 2, ("LEDGERWIRE_XERO_CLIENT_ID",)),
            (shell.but(public_url="http://a.example"), ("config", "check"), 2, ("PUBLIC_URL",)),
            (shell.but(port=str(port - 1)), ("up",), 1, ("ended by itself",)),
            (shell, ("run", "cook"), 2, ("cook",)),
            (shell, ("tail", "--from", "yesterday"), 2, ("--from",)),
            (shell, ("run", "receiver"), 3, (str(port),)),
            (shell, ("simulate", "--port", str(port)), 3, (str(port),)),
            (away, ("tenants", "--json"), 3, ("LEDGERWIRE_DATABASE_URL",)),
            (away, ("dead", "list"), 3, ("LEDGERWIRE_DATABASE_URL",)),
            (away, ("tail",), 3, ("LEDGERWIRE_KAFKA",)),
        ]
        for environment, words, code, named in checks:
            one_sentence(await environment.run(*words), code, *named)


async def test_roles_end_in_good_time_and_lose_nothing(
    simulated: dict[str, Any], tmp_path: Path
) -> None:
    """Each role in a process of its own gets SIGTERM in the middle of business, and handlers are
    killed once on top: exit code 0 each time, and in the end everything agrees."""
    shell, port = installation(simulated, tmp_path)
    ports = {"receiver": port + 1, "api": port, "handlers": port + 2, "crm": port + 3}

    async def start(stack: AsyncExitStack, role: str) -> Running:
        own = shell.but(port=str(ports[role]))
        return await stack.enter_async_context(own.running("run", role, port=ports[role]))

    async with AsyncExitStack() as stack:
        # Whoever comes first starts the servers; here none of the roles does.
        here = await stack.enter_async_context(open_installation(shell.settings()))
        roles = {role: await start(stack, role) for role in ports}
        await steer(
            simulated,
            "webhook",
            {"url": f"http://127.0.0.1:{ports['receiver']}/webhooks/xero", "validate": True},
        )
        tenants = [each["tenant_id"] for each in simulated["tenants"]]
        await link_all(f"http://localhost:{port}", tenants, external_id="customer-42")
        watch = await stack.enter_async_context(watching(shell, simulated))
        await watch.backfilled(2, PATIENCE_S)

        await steer(simulated, "play", {"rate": 8})
        for role in ("crm", "handlers", "receiver", "api"):
            assert await roles[role].stop() == 0, roles[role].complaint("ended wrongly")
            roles[role] = await start(stack, role)
        roles["handlers"].process.kill()
        await roles["handlers"].process.wait()
        roles["handlers"] = await start(stack, "handlers")
        await steer(simulated, "play", {"rate": 0})
        # What the receiver missed while it was away, Xero sends again, here without its waits.
        assert await steer(simulated, "deliveries", {"timeout_s": 20}) == {"pending": 0}
        await watch.quiet(PATIENCE_S)
        for tenant in tenants:  # what no webhook tells is found by looking
            swept = await shell.run("sweep", tenant, *(each.plural for each in UNANNOUNCED))
            assert swept.code == 0, swept.err
        await watch.quiet(PATIENCE_S)
        judged = await judge_installation(here.db, here.broker, simulated["control_url"])
        assert not judged.differences, report(judged.differences)
        for role, program in roles.items():
            assert await program.stop() == 0, program.complaint(f"({role}) ended wrongly")


async def test_demo_says_what_the_contract_says(figure: Figure, tmp_path: Path) -> None:
    """Exit code 0 and one JSON object on the last line; whatever installation this shell's settings
    are for is let alone."""
    theirs = tmp_path / "ledgerwire.env"
    theirs.write_text("LEDGERWIRE_KAFKA=127.0.0.1:1\nLEDGERWIRE_XERO_WEBHOOK_KEYS=theirs\n")
    shell = Shell({"LEDGERWIRE_ENV_FILE": str(theirs)}).but(
        database_url="postgresql://127.0.0.1:1/theirs", topic_prefix="theirs"
    )

    ended = await shell.run("demo", "--seconds", "3", "--quiet", "--json")

    assert ended.code == 0, ended.out + ended.err
    assert set(ended.json) == DEMO_KEYS
    assert ended.json["ok"] is True
    assert ended.json["differences"] == 0
    assert ended.json["changes"] > 0
    assert set(ended.json["latency_ms"]) == {"p50", "p99"}
    assert ended.json["topics"]["xero.accounting.invoices.events.v1"] > 0
    figure(f"demo of 3 s: {ended.out.splitlines()[-1]}")


async def test_demo_that_is_interrupted_before_it_plays_ends_at_once() -> None:
    """It says that nothing was compared, and leaves no program behind."""
    program = await Shell({}).start("demo")
    assert program.stdout is not None
    async with asyncio.timeout(COMMAND_S):
        while not (await program.stdout.readline()).startswith(b"webhook"):
            assert not program.stdout.at_eof()
        children = psutil.Process(program.pid).children(recursive=True)
        program.send_signal(signal.SIGINT)
        _, said = await program.communicate()

    assert children
    assert program.returncode == 1, said
    assert b"Stopped before the first business day" in said
    assert not [child for child in children if child.is_running() and child.status() != "zombie"]
