"""Commands, their options, the JSON they print, settings, make targets: the promised names."""

import re
from pathlib import Path
from typing import get_args

import click
import pytest

from ledgerwire import answers
from ledgerwire.cli import cli
from ledgerwire.cli.doctor import PARTS
from ledgerwire.cli.keys import SCOPES
from ledgerwire.cli.serving import ROLES
from ledgerwire.deadletters import list_dead_letters
from ledgerwire.demo.figures import Figures
from ledgerwire.demo.judging import Judged
from ledgerwire.demo.outcome import outcome_json
from ledgerwire.demo.per_resource import ResourceFigures
from ledgerwire.doctor import looking
from ledgerwire.overview import overview_of
from ledgerwire.settings import Settings, variable
from oracle.judge import Verdict
from simulator.config import OpeningBooks, SimulatorConfig
from simulator.server import RunningSimulator
from storage import api_keys
from storage.database import Database
from tests.storage.makers import link
from unified.clock import OffsetClock

ROOT = Path(__file__).parent.parent.parent

COMMANDS = {
    "demo": {"--seconds", "--seed", "--rate", "--tenants", "--port", "--quiet", "--json", "--keep"},
    "up": set(),
    "run": set(),
    "tail": {"--from", "--tenant", "--entity"},
    "tenants": {"--json"},
    "link": set(),
    "unlink": {"--erase", "--yes"},
    "simulate": {"--port", "--seed", "--tenants", "--webhook-url", "--json", "--no-limits",
                 "--any-client"},
    "config show": {"--json"},
    "config check": set(),
    "dead list": {"--json"},
    "dead show": {"--json"},
    "dead retry": {"--all", "--tenant", "--json"},
    "dead drop": {"--reason", "--json"},
    "setup": set(),
    "doctor": {"--json"},
    "backfill": {"--since", "--json"},
    "reports": {"--every", "--off", "--contact", "--json"},
    "sweep": {"--json"},
    "audit": {"--dry-run", "--json"},
    "budget": {"--json"},
    "replay": {"--tenant", "--resource", "--from", "--to-topic"},
    "keys create": {"--json"},
    "keys list": {"--json"},
    "keys revoke": set(),
    "secrets rotate": set(),
    "epoch bump": set(),
    "schemas export": set(),
}  # fmt: skip

DEFAULTS = {
    "LEDGERWIRE_DATABASE_URL": "embedded",
    "LEDGERWIRE_DATA_DIR": "ledgerwire-data",
    "LEDGERWIRE_KAFKA": "embedded",
    "LEDGERWIRE_KAFKA_SECURITY": "PLAINTEXT",
    "LEDGERWIRE_KAFKA_SASL_MECHANISM": "None",
    "LEDGERWIRE_KAFKA_SASL_USERNAME": "None",
    "LEDGERWIRE_KAFKA_SASL_PASSWORD": "None",
    "LEDGERWIRE_KAFKA_CA_FILE": "None",
    "LEDGERWIRE_TOPIC_PREFIX": "xero",
    "LEDGERWIRE_KAFKA_PARTITIONS": "12",
    "LEDGERWIRE_KAFKA_REPLICATION": "None",
    "LEDGERWIRE_EVENT_DAYS": "30",
    "LEDGERWIRE_HOST": "127.0.0.1",
    "LEDGERWIRE_PORT": "8000",
    "LEDGERWIRE_PUBLIC_URL": "http://localhost:8000",
    "LEDGERWIRE_XERO_CLIENT_ID": "None",
    "LEDGERWIRE_XERO_CLIENT_SECRET": "None",
    "LEDGERWIRE_XERO_GRANT": "authorization_code",
    "LEDGERWIRE_XERO_WEBHOOK_KEYS": "()",
    "LEDGERWIRE_XERO_SCOPES": "granular",
    "LEDGERWIRE_XERO_API_URL": "https://api.xero.com",
    "LEDGERWIRE_XERO_IDENTITY_URL": "https://identity.xero.com",
    "LEDGERWIRE_XERO_LOGIN_URL": "https://login.xero.com",
    "LEDGERWIRE_XERO_TIER": "core",
    "LEDGERWIRE_SECRET_KEYS": "()",
    "LEDGERWIRE_STORE_RAW": "True",
    "LEDGERWIRE_EVENT_RAW": "False",
    "LEDGERWIRE_LOG_FORMAT": "auto",
    "LEDGERWIRE_LOG_LEVEL": "info",
}


def _command(path: str) -> click.Command:
    command: click.Command = cli
    for name in path.split():
        assert isinstance(command, click.Group)
        command = command.commands[name]
    return command


@pytest.mark.parametrize("path", COMMANDS)
def test_command_has_its_options(path: str) -> None:
    """Scripts of others name them."""
    options = {name for parameter in _command(path).params for name in parameter.opts}

    assert options >= COMMANDS[path]


def test_roles_are_the_promised_ones() -> None:
    """`ledgerwire run` takes each of them, several at once."""
    assert set(ROLES) == {"receiver", "handlers", "api", "crm", "simulator"}


def test_demo_plays_forty_seconds_unless_told() -> None:
    """`make demo` without anything is what a visitor runs."""
    defaults = {parameter.name: parameter.default for parameter in _command("demo").params}

    assert defaults["seconds"] == 40.0


def test_demo_ends_with_the_promised_json() -> None:
    """The last line of `demo --json`; a difference shows as not ok."""
    figures = Figures(
        p50_ms=1.0, p99_ms=2.0, webhook_changes=3, changes=4, observed=5, calls=6, play_calls=3,
        play_bytes=7, bytes=8,
    )  # fmt: skip
    judged = Judged(Verdict(differences=[], counts={}), {"xero.control.v1": 9})

    accounts = ResourceFigures(
        records=1, events=2, calls=3, bytes=4, fresh_p50_s=None, fresh_p99_s=0.5
    )

    told = outcome_json(judged, figures, {"accounts": accounts})

    assert told == {
        "ok": True,
        "differences": 0,
        "changes": 4,
        "topics": {"xero.control.v1": 9},
        "latency_ms": {"p50": 1.0, "p99": 2.0},
        "xero_calls": 6,
        "xero_bytes": 8,
        "calls_per_change": 0.75,
        "resources": {
            "accounts": {
                "records": 1, "events": 2, "calls": 3, "bytes": 4,
                "fresh_p50_s": None, "fresh_p99_s": 0.5,
            },
        },
    }  # fmt: skip


async def test_simulator_announces_itself_as_promised() -> None:
    """The one line of `simulate --json`."""
    config = SimulatorConfig(opening=OpeningBooks(contacts=1, invoices=1, bills=0, months=1))
    async with RunningSimulator(config) as simulator:
        told = simulator.announcement

    assert set(told) == {
        "base_url", "client_id", "client_secret", "webhook_key", "tenants", "control_url",
    }  # fmt: skip
    assert [set(each) for each in told["tenants"]] == [{"tenant_id", "name"}] * 2
    assert told["control_url"].startswith(told["base_url"])


async def test_tenants_tell_health_freshness_and_limits(database: Database) -> None:
    """The keys of `tenants --json`."""
    tenant_id = await link(database)

    (told,) = await overview_of(database, OffsetClock())

    assert told["tenant_id"] == tenant_id
    assert set(told) == {
        "tenant_id", "name", "external_id", "state", "state_reason", "state_since", "health",
        "failing", "business_date", "minute_remaining", "day_remaining", "blocked_by",
        "blocked_until", "notices_due", "notices_dead", "events_unrelayed", "backfill",
        "verified_since", "unsupported",
    }  # fmt: skip


async def test_limit_that_has_passed_is_not_shown(database: Database) -> None:
    """Only what stands in the way now is worth a word."""
    tenant_id = await link(database)
    blocked = (
        "UPDATE tenant SET blocked_by = 'day', blocked_until = now() + $2::interval WHERE id = $1"
    )
    clock = OffsetClock()

    await database.execute(blocked.replace("$2::interval", "interval '1 hour'"), tenant_id)
    (now,) = await overview_of(database, clock)
    await database.execute(blocked.replace("$2::interval", "interval '-1 hour'"), tenant_id)
    (later,) = await overview_of(database, clock)

    assert now["blocked_by"] == "day"
    assert now["health"] == "limited"
    assert later["health"] == "ok"
    assert later["blocked_by"] is None
    assert later["blocked_until"] is None


async def test_dead_letters_tell_what_of_whom_since_when_and_why(database_url: str) -> None:
    """The keys of `dead list --json`; never the content."""
    db = await Database.connect(database_url)
    try:
        tenant_id = await link(db)
        await db.execute(
            """INSERT INTO delivery (id, received_at, body_digest, body, event_count, notice_count,
                                     outcome)
               VALUES (gen_random_uuid(), now(), 'd', 'hush', 0, 0, 'unreadable')"""
        )
    finally:
        await db.close()
    settings = Settings(database_url=database_url)

    (told,) = await list_dead_letters(settings, tenant=None, limit=10)
    others = await list_dead_letters(settings, tenant=tenant_id, limit=10)

    assert set(told) == {
        "died_at", "kind", "tenant_id", "endpoint", "remote_id", "attempts", "error_code", "error",
        "size_bytes", "key",
    }  # fmt: skip
    assert told["kind"] == "delivery"
    assert "hush" not in str(told)
    assert others == []


def test_words_that_help_repeats_are_the_real_ones() -> None:
    """`--help` must not load drivers and models, so some words stand twice."""
    tiers = Settings.model_fields["xero_tier"].annotation

    assert SCOPES == api_keys.SCOPES
    assert set(PARTS) == set(looking.PARTS)
    assert get_args(tiers) == answers.TIERS


def test_settings_and_their_defaults_are_the_promised_ones() -> None:
    """A renamed setting breaks every installation."""
    defaults = {variable(name): str(field.default) for name, field in Settings.model_fields.items()}

    assert defaults.items() >= DEFAULTS.items()


def test_make_has_its_targets() -> None:
    """README's first commands, and those for who works on it."""
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert targets >= {"demo", "test", "setup", "check", "bench", "lock", "kafka"}
