"""docs/operations.md lists every metric and tells of every path; nothing it lists is gone."""

import re
from pathlib import Path

from prometheus_client import CollectorRegistry

from api.health import health_routes
from receiver.app import WEBHOOK_PATH
from tests.ledgerwire.process import process_of

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


async def test_every_metric_is_on_the_page_and_no_other(database_url: str) -> None:
    """What a process with every role serves, by the name under which Prometheus stores it."""
    async with process_of("receiver", "api", "handlers", "crm", database_url=database_url) as http:
        text = (await http.get("/metrics")).text

    listed = set(re.findall(r"`(ledgerwire_[a-z_]+)[`{]", PAGE))
    served = set(re.findall(r"^# TYPE (ledgerwire_[a-z_]+) ", text, re.MULTILINE))
    assert listed == {name for name in served if not name.endswith("_created")}


def test_every_log_word_on_the_page_is_logged_somewhere() -> None:
    """A word to search for that nothing logs would mislead whoever searches."""
    section = PAGE.partition("## Words in the log")[2].partition("\n## ")[0]
    words = set(re.findall(r"^\| `([a-z_]+)`", section, re.MULTILINE))
    sources = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("api", "crm", "handlers", "ledgerwire", "receiver", "storage", "xero")
        for path in (ROOT / folder).rglob("*.py")
    )

    assert words
    assert sorted(word for word in words if f'"{word}"' not in sources) == []


def test_health_and_webhook_paths_are_the_promised_ones() -> None:
    """Probes, scrapers and Xero itself are set to these addresses."""
    paths = {route.path for route in health_routes({}, CollectorRegistry())}

    assert paths == {"/livez", "/readyz", "/metrics"}
    assert WEBHOOK_PATH == "/webhooks/xero"
    for path in (*paths, WEBHOOK_PATH, "/connect"):
        assert path in PAGE
