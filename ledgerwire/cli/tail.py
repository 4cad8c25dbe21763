"""`ledgerwire tail`: events as they come, readable."""

import json
from datetime import datetime

import click

from ledgerwire.cli.options import run_async, settings_from_environment, stop_on_signals


@click.command()
@click.argument("topics", nargs=-1)
@click.option("--from", "start", default="end", show_default=True,
              help="beginning, end, or a time such as 2026-11-22T10:00:00Z.")  # fmt: skip
@click.option("--tenant", help="Only this organisation.")
@click.option("--entity", help="Only this kind of thing, such as invoice.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: the whole event.")
def tail(
    topics: tuple[str, ...], *, start: str, tenant: str | None, entity: str | None, as_json: bool
) -> None:
    """Print events as they come, until Ctrl-C.

    TOPICS are full names or parts, such as `invoices`; all event topics unless given.

    \b
    Example:
      ledgerwire tail invoices --from beginning
    """
    from ledgerwire.tailing import Wanted, follow, line_of

    if start not in ("beginning", "end"):
        try:
            datetime.fromisoformat(start)
        except ValueError:
            raise click.BadParameter(
                "beginning, end, or a time such as 2026-11-22T10:00:00Z", param_hint="--from"
            ) from None
    settings = settings_from_environment()
    wanted = Wanted(topics=topics, start=start, tenant=tenant, entity=entity)

    async def job() -> None:
        async for event in follow(settings, wanted, stop_on_signals()):
            click.echo(json.dumps(event) if as_json else line_of(event))

    run_async(job())
