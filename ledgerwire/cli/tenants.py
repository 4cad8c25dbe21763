"""`ledgerwire tenants` and `ledgerwire link`: which organisations are linked, and how to link."""

import json

import click
from rich.console import Console
from rich.table import Table

from ledgerwire.cli.options import run_async, settings_from_environment


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def tenants(*, as_json: bool) -> None:
    """List linked organisations: state, freshness, what is left of their limits.

    \b
    Example:
      ledgerwire tenants --json
    """
    from ledgerwire.overview import overview

    rows = run_async(overview(settings_from_environment()))
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo("No organisation is linked yet. `ledgerwire link` shows the address to open.")
        return
    table = Table("organisation", "tenant", "state", "since", "due", "dead", "backfill",
                  "day left", box=None, pad_edge=False)  # fmt: skip
    for row in rows:
        table.add_row(
            str(row["name"]), str(row["tenant_id"]), str(row["state"]), str(row["state_since"]),
            str(row["notices_due"]), str(row["notices_dead"]), str(row["backfill"]),
            str(row["day_remaining"] if row["day_remaining"] is not None else "-"),
        )  # fmt: skip
    Console().print(table)


@click.command()
@click.option("--external-id", help="Your own id for the customer, kept with the organisation.")
def link(*, external_id: str | None) -> None:
    """Print the address to open in a browser to link an organisation.

    \b
    Example:
      ledgerwire link --external-id customer-42
    """
    from urllib.parse import urlencode

    settings = settings_from_environment()
    query = f"?{urlencode({'external_id': external_id})}" if external_id else ""
    click.echo(f"{settings.public_url}/connect{query}")
    click.echo("Open it in a browser while `ledgerwire up` (or `run api`) is running.", err=True)
