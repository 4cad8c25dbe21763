"""`ledgerwire replay`: events that were published already, published once more."""

import json
from datetime import UTC, datetime

import click

from ledgerwire.cli.options import run_async, settings_from_environment
from ledgerwire.cli.progress import meter


@click.command()
@click.option("--tenant", required=True, help="Whose events: an id, an external id or a name.")
@click.option("--resource", help="Only these, such as invoices.")
@click.option("--from", "start", metavar="TIME",
              help="Only what was committed since, such as 2026-11-22T10:00:00Z.")  # fmt: skip
@click.option("--to-topic", help="A topic of your own that exists, instead of the event topics.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: events by topic.")
def replay(
    *,
    tenant: str,
    resource: str | None,
    start: str | None,
    to_topic: str | None,
    as_json: bool,
) -> None:
    """Publish events again, in their order and with their ids; `cause.kind` is `replay`.

    What PostgreSQL still keeps (LEDGERWIRE_EVENT_DAYS) is sent, as it was. Nothing is marked or
    changed by it, and consumers that keep the highest sequence per key skip what they have.

    \b
    Example:
      ledgerwire replay --tenant customer-42 --resource invoices --from 2026-11-22T10:00:00Z
    """
    from ledgerwire.installation import open_installation
    from ledgerwire.replaying import ReplayOrder
    from ledgerwire.replaying import replay as job

    order = ReplayOrder(tenant=tenant, resource=resource, since=_instant(start), to_topic=to_topic)
    settings = settings_from_environment(a_look=True)

    async def work() -> dict[str, int]:
        async with open_installation(settings, connections=2) as here:
            with meter("replay", "events") as seen:
                return await job(here, order, seen=seen)

    sent = run_async(work())
    if as_json:
        click.echo(json.dumps(sent))
    elif not sent:
        click.echo("No event that is kept matches.")
    else:
        for topic, events in sorted(sent.items()):
            click.echo(f"{events:>7}  {topic}")


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            "a time such as 2026-11-22T10:00:00Z", param_hint="--from"
        ) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
