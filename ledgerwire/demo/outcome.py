"""How a demo ended, in words or as one line of JSON: topics, figures, differences."""

import json
from collections.abc import Callable

import click

from ledgerwire.demo.figures import Figures
from ledgerwire.demo.judging import Judged
from ledgerwire.demo.per_resource import ResourceFigures, table
from ledgerwire.demo.per_resource import as_json as resources_json
from oracle.report import report


def show_outcome(  # what was found, and how to show it
    judged: Judged,
    figures: Figures,
    resources: dict[str, ResourceFigures],
    *,
    quiet: bool,
    as_json: bool,
    say: Callable[[str], None],
) -> None:
    """Print all of it through `say`; the verdict in any case."""
    say("")
    for line in table(resources):
        say(line)
    say("")
    for topic, records in judged.topics.items():
        if ".crm." in topic:  # all others stand in the table: {prefix}.{space}.{resource}.events.v1
            say(f"{records:>7}  {topic}")
    say("")
    if figures.p50_ms is not None:
        say(
            f"webhook to Kafka: p50 {figures.p50_ms:.0f} ms, p99 {figures.p99_ms:.0f} ms "
            f"({figures.webhook_changes} changes)"
        )
    per_change = figures.calls_per_change
    if per_change is not None:
        kilobytes = figures.play_bytes / max(figures.changes, 1) / 1000
        say(
            f"{figures.changes} changes after {figures.observed} backfilled: "
            f"{per_change:.2f} calls and {kilobytes:.1f} kB a change"
        )
    found = judged.differences
    if found or not quiet:
        click.echo(report(found, counts=judged.verdict.counts))
    elif not as_json:
        click.echo(f"{figures.changes} changes, no difference")
    if as_json:
        click.echo(json.dumps(outcome_json(judged, figures, resources)))


def outcome_json(
    judged: Judged, figures: Figures, resources: dict[str, ResourceFigures]
) -> dict[str, object]:
    """The last line of `--json`."""
    return {
        "ok": not judged.differences,
        "differences": len(judged.differences),
        "changes": figures.changes,
        "topics": dict(judged.topics),
        "latency_ms": {"p50": figures.p50_ms, "p99": figures.p99_ms},
        "xero_calls": figures.calls,
        "xero_bytes": figures.bytes,
        "calls_per_change": figures.calls_per_change,
        "resources": resources_json(resources),
    }
