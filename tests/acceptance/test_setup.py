"""`setup` where servers are named instead of embedded, and where a file is there already."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledgerwire.env_file import checked, variables_of
from tests.acceptance.terminal import Terminal
from unified.broker import BrokerSettings

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A simulator beside this test: what it announced."""
    with Terminal(tmp_path, {"COLUMNS": "4000"}, "simulate", "--port", "0", "--small") as terminal:
        terminal.says("control_url:", "tenant")
        pairs = (line.partition(": ") for line in terminal.said.splitlines())
        yield {name: value.strip() for name, _, value in pairs}
        assert terminal.interrupt() == 0


def test_named_servers_are_tried_and_a_second_run_keeps_everything(
    simulated: dict[str, str],
    tmp_path: Path,
    database_url: str,
    embedded_broker_settings: BrokerSettings,
) -> None:
    """A database that refuses us is asked for again, a key is made, and Enter keeps what is."""
    path = tmp_path / "own.env"
    words = ("setup", "--file", str(path), "--xero-url", simulated["base_url"])
    unknown = f"{database_url.rsplit('/', 1)[0]}/nobodys"
    with Terminal(tmp_path, {}, *words) as terminal:
        terminal.answer("Address", "https://ledgerwire.example")
        terminal.answer("Kind of app", "custom")
        terminal.answer("Client id", simulated["client_id"])
        terminal.answer("Client secret", simulated["client_secret"])
        terminal.says("Xero knows the app")
        terminal.answer("Webhook key", "")
        terminal.answer("Tier", "core")
        terminal.answer("Database [embedded]:", (unknown, "the database refuses us"))
        terminal.answer("Database [embedded]:", database_url)
        terminal.says("It answers", "A key that encrypts")
        terminal.answer("Kafka [embedded]:", embedded_broker_settings.bootstrap)
        terminal.answer("Security", ("TLS", "Answer PLAINTEXT"), "")
        terminal.says("Kafka answers at", "it runs on sweeps alone")
        assert terminal.ends() == 0
        assert "xero_answered" not in terminal.said  # nobody asked for a log
        assert "redirect URI:" not in terminal.said.rpartition("Written")[2]
    written = path.read_text()
    settings = checked(path)
    assert settings.xero_grant == "client_credentials"
    assert settings.database_url == database_url
    assert len(settings.secret_keys) == 1
    assert "LEDGERWIRE_XERO_WEBHOOK_KEYS" not in variables_of(path)

    with Terminal(tmp_path, {}, *words) as terminal:
        for prompt in ("Address", "Kind of app", "Client id", "Client secret (Enter keeps",
                       "Webhook key", "Tier", "Database", "Kafka", "Security"):  # fmt: skip
            terminal.answer(f"{prompt}", "")
        terminal.says("Written")
        assert terminal.ends() == 0
    assert variables_of(path) == {
        name: value for line in written.splitlines()[2:] for name, _, value in [line.partition("=")]
    }

    with Terminal(tmp_path, {}, *words) as terminal:
        terminal.says("Address")
        assert terminal.interrupt() == 130
        assert f"{path.name} is as it was before" in terminal.said
