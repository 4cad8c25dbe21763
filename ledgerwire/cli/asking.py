"""`ledgerwire backfill` and `ledgerwire sweep`: read now, through the handlers that run."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from ledgerwire.cli.columns import columns
from ledgerwire.cli.options import run_async, settings_from_environment
from ledgerwire.cli.progress import meter

if TYPE_CHECKING:
    from ledgerwire.asking import Asked

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")


@click.command()
@click.argument("tenant")
@click.argument("resources", nargs=-1)
@click.option("--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]), metavar="DATE",
              help="Leave out what Xero stamped before this day (UTC).")  # fmt: skip
@_json
def backfill(
    tenant: str, *, resources: tuple[str, ...], since: datetime | None, as_json: bool
) -> None:
    """Read an organisation's books from their beginning once more, now.

    TENANT is an id, an external id or a name; RESOURCES such as `invoices`, all unless given. The
    handlers do it behind live changes; whoever ends this command ends no backfill. Only what
    differs from the mirror becomes an event.

    \b
    Example:
      ledgerwire backfill "Demo Company (NZ)" invoices --since 2026-01-01
    """
    from ledgerwire.asking import backfill as job
    from ledgerwire.installation import open_installation

    settings = settings_from_environment(a_look=True)
    instant = None if since is None else since.replace(tzinfo=UTC)

    async def work() -> "list[Asked]":
        async with open_installation(settings, connections=2, broker=False) as here:
            with meter("backfill", "records") as seen:
                return await job(here, tenant, resources, since=instant, seen=seen)

    _report(run_async(work()), as_json=as_json)


@click.command()
@click.argument("tenant")
@click.argument("resources", nargs=-1)
@_json
def sweep(tenant: str, *, resources: tuple[str, ...], as_json: bool) -> None:
    """Look for what changed since the last sweep, now.

    TENANT is an id, an external id or a name; RESOURCES such as `contacts`, all unless given. The
    handlers do it at once, whatever their schedule says.

    \b
    Example:
      ledgerwire sweep 2b5acf8a-bcfd-4664-9110-367c150ffabe contacts
    """
    from ledgerwire.asking import sweep as job
    from ledgerwire.installation import open_installation

    settings = settings_from_environment(a_look=True)

    async def work() -> "list[Asked]":
        async with open_installation(settings, connections=2, broker=False) as here:
            with meter("sweep", "resources") as seen:
                return await job(here, tenant, resources, seen=seen)

    _report(run_async(work()), as_json=as_json)


def _report(done: "Sequence[Asked]", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(each) for each in done]))
        return
    rows = [(each.resource, each.read, each.changes) for each in done]
    click.echo(columns(("resource", "read", "changes found"), rows))
    for each in done:
        if each.unsupported:
            click.echo(f"{each.resource}: Xero does not let us read them: {each.unsupported}")
