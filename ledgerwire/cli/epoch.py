"""`ledgerwire epoch`: what orders everything published since before everything restored."""

import click

from ledgerwire.cli.columns import columns
from ledgerwire.cli.options import run_async, settings_from_environment


@click.group()
def epoch() -> None:
    """Raise epochs, after a backup of PostgreSQL was restored.

    \b
    Example:
      ledgerwire epoch bump
    """


@epoch.command()
@click.argument("tenant", required=False)
def bump(tenant: str | None) -> None:
    """Start a new epoch for an organisation, or for all of them.

    Mandatory after restoring a backup of PostgreSQL, before anything starts: Kafka has events
    whose numbers the database has forgotten and would give out again. Numbers of a new epoch come
    after all numbers of older ones, so consumers take what is published from here on for newer.

    \b
    Example:
      ledgerwire epoch bump
    """
    from ledgerwire.installation import open_installation
    from ledgerwire.naming import named_tenant
    from storage.tenants import bump_epoch, tenants

    settings = settings_from_environment(a_look=True)

    async def work() -> list[tuple[str, str, int]]:
        async with open_installation(settings, connections=2, broker=False) as here:
            chosen = (
                await tenants(here.db) if tenant is None else [await named_tenant(here.db, tenant)]
            )
            return [
                (each.name or "", each.id,
                 await bump_epoch(here.db, each.id, now=here.clock.now()))
                for each in chosen
            ]  # fmt: skip

    raised = run_async(work())
    if not raised:
        click.echo("No organisation is linked, so there is no epoch to raise.")
        return
    click.echo(columns(("organisation", "tenant", "epoch"), raised))
