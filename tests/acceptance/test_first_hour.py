"""A new user's first hour in a terminal, from `setup` to the first event, each prompt answered
wrongly once; Xero is the simulator, PostgreSQL and the broker are the embedded ones."""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledgerwire.demo.linking import LinkFailed, consent_at
from tests.acceptance.ports import neighbouring_ports
from tests.acceptance.terminal import Terminal

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

READY_S = 60.0


@dataclass
class User:
    """Somebody in a folder of their own."""

    folder: Path
    port: int
    variables: dict[str, str] = field(default_factory=dict)
    transcript: list[str] = field(default_factory=list)

    @contextmanager
    def types(self, *words: str) -> Iterator[Terminal]:
        """Start `ledgerwire words…`, and keep what it says."""
        with Terminal(self.folder, self.variables, *words) as terminal:
            try:
                yield terminal
            finally:
                self.transcript.append(terminal.said)

    def runs(self, *words: str) -> tuple[int, str]:
        """The same to its end; exit code and what it said."""
        with self.types(*words) as terminal:
            code = terminal.ends()
        return code, terminal.said


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A simulator as a program of its own: what it announced."""
    words = ("simulate", "--json", "--port", "0", "--seed", "5", "--tenants", "1", "--small")
    with Terminal(tmp_path, {"COLUMNS": "4000"}, *words) as terminal:
        terminal.says('"control_url"', "}")
        text = "".join(terminal.said.splitlines())
        told: dict[str, Any] = json.loads(text[text.index("{") : text.rindex("}") + 1])
        yield told
        assert terminal.interrupt() == 0


def steer(simulated: Mapping[str, Any], what: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask the simulator for something."""
    answer = httpx.post(f"{simulated['control_url']}/{what}", json=body, timeout=30.0)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def wait_until_ready(port: int) -> None:
    """Until both processes of `up` say that they are."""
    deadline = time.monotonic() + READY_S
    for url in (f"http://localhost:{port}/readyz", f"http://localhost:{port + 1}/readyz"):
        while True:
            assert time.monotonic() < deadline, f"{url} is not ready"
            try:
                if httpx.get(url).status_code == httpx.codes.OK:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.05)


def set_up(user: User, simulated: Mapping[str, Any]) -> None:
    """Answer every question, wrongly first."""
    with user.types("setup", "--xero-url", simulated["base_url"]) as terminal:
        terminal.answer(
            "Address [http://localhost:8000]:",
            ("http://127.0.0.1:8000", "Xero refuses that: write http://localhost:8000"),
            ("http://ledgerwire.example", "a server needs https"),
            f"http://localhost:{user.port}",
        )
        terminal.says(f"http://localhost:{user.port}/connect/callback")
        terminal.answer("Kind of app (web, custom) [web]:", ("desktop", "Answer web or custom"), "")
        terminal.answer("Client id:", ("abc", "32 letters and digits"), simulated["client_id"])
        terminal.answer(
            "Client secret:",
            ("short", "one long word"),
            ("x" * 48, "Xero refuses the app (invalid_client)"),
        )
        terminal.says("Configuration")
        terminal.answer(f"Client id [{simulated['client_id']}]:", "")
        terminal.answer("Client secret:", simulated["client_secret"])
        terminal.says("Xero knows the app")
        terminal.answer("broad scopes? [y/N]:", ("perhaps", "invalid input"), "n")
        terminal.answer("Webhook key:", ("key", "leave it empty"), simulated["webhook_key"])
        terminal.answer("enterprise) [starter]:", ("gold", "Answer starter, core"), "")
        terminal.answer("Database [embedded]:", ("mysql://db", "begin with postgresql://"), "")
        terminal.answer("Kafka [embedded]:", ("localhost", "host:port"), "")
        terminal.says("Written", "/connect/callback", "/webhooks/xero", "LEDGERWIRE_ENV_FILE=")
        assert terminal.ends() == 0


def test_first_hour_ends_with_events(simulated: dict[str, Any], tmp_path: Path) -> None:
    """setup, doctor, up, link, backfill, tail: what each says leads to the next one."""
    user = User(tmp_path, neighbouring_ports(2))
    name = simulated["tenants"][0]["name"]
    settings = tmp_path / "ledgerwire.env"

    with user.types("setup") as terminal:
        terminal.says("Address")
        assert terminal.interrupt() == 130
    assert not settings.exists()
    set_up(user, simulated)
    assert settings.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["ledgerwire.env"]
    user.variables["LEDGERWIRE_ENV_FILE"] = str(settings)

    code, said = user.runs("doctor")
    assert code == 3, said
    assert "Nobody answers at" in said
    assert "ledgerwire up" in said

    with user.types("up") as up:
        with up.looked_away():
            wait_until_ready(user.port)
            address = f"http://localhost:{user.port}/webhooks/xero"
            assert steer(simulated, "webhook", {"url": address})["state"] == "enabled"
            code, said = user.runs("doctor")
            assert code == 0, said
            assert "Intent to receive passes" in said
            assert "No organisation is linked yet" in said
            link(user, simulated, name)
            backfill(user, name)
            tail(user, simulated, name)
        assert up.interrupt() == 0

    shown = "".join(user.transcript)
    for secret in ("client_secret", "webhook_key"):
        assert simulated[secret] not in shown
    assert "Traceback" not in shown


def link(user: User, simulated: Mapping[str, Any], name: str) -> None:
    """Open the address, press Cancel, open it again, agree."""
    code, said = user.runs("tenants")
    assert code == 0
    assert "ledgerwire link" in said
    code, said = user.runs("link", "--external-id", "customer-42")
    assert code == 0
    found = re.search(rf"http://localhost:{user.port}/connect\?session=[\w-]+", said)
    assert found is not None
    tenants = [simulated["tenants"][0]["tenant_id"]]

    with pytest.raises(LinkFailed):
        asyncio.run(consent_at(found[0], tenants, decision="deny"))
    asyncio.run(consent_at(found[0], tenants))


def backfill(user: User, name: str) -> None:
    """Mistype the organisation, then read what payment status is made of."""
    code, said = user.runs("backfill", name[:-1])
    assert code == 2
    assert f"There is no organisation {name[:-1]}: `ledgerwire tenants`" in " ".join(said.split())

    code, said = user.runs("backfill", "customer-42", "contacts", "invoices")

    assert code == 0, said
    assert "contacts" in said
    assert "changes found" in said


def tail(user: User, simulated: Mapping[str, Any], name: str) -> None:
    """Mistype the topic, then see what was read and what happens now."""
    code, said = user.runs("tail", "invoicez")
    assert code == 2
    assert "There is no topic invoicez" in said

    with user.types("tail", "--from", "beginning") as terminal:
        terminal.says(name[:18].strip(), "observed")
        steer(simulated, "play", {"rate": 20, "seconds": 2})
        terminal.says("webhook")
        assert terminal.interrupt() == 0
