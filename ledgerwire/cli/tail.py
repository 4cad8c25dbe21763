"""`ledgerwire tail`: events as they come, readable."""

from datetime import datetime
from uuid import UUID

import click

from ledgerwire.cli.options import run_async, settings_from_environment, stop_on_signals


@click.command()
@click.argument("topics", nargs=-1)
@click.option("--from", "start", default="end", show_default=True,
              help="beginning, end, or a time such as 2026-11-22T10:00:00Z.")  # fmt: skip
@click.option("--tenant", type=click.UUID,
              help="Only this organisation, by its id alone: no database is asked.")  # fmt: skip
@click.option("--entity", help="Only this kind of thing, such as invoice.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: the whole event.")
def tail(
    topics: tuple[str, ...], *, start: str, tenant: UUID | None, entity: str | None, as_json: bool
) -> None:
    """Print events as they come, until Ctrl-C; times are UTC.

    TOPICS are full names or parts, such as `invoices`, `control`, `dead` or
    `invoice-payment-status`; all event topics unless given.

    \b
    Example:
      ledgerwire tail invoices --from beginning
    """
    from ledgerwire.tailing import Wanted, follow

    if start not in ("beginning", "end"):
        try:
            datetime.fromisoformat(start)
        except ValueError:
            raise click.BadParameter(
                "beginning, end, or a time such as 2026-11-22T10:00:00Z", param_hint="--from"
            ) from None
    settings = settings_from_environment(a_look=True)
    whose = None if tenant is None else str(tenant)
    wanted = Wanted(topics=topics, start=start, tenant=whose, entity=entity)

    async def job() -> None:
        async for message in follow(settings, wanted, stop_on_signals()):
            click.echo(message.as_json() if as_json else message.line)

    run_async(job())
