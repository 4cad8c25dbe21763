"""`ledgerwire dead`: what could not be read or absorbed, kept for a person."""

import json

import click

from ledgerwire.cli.options import run_async, settings_from_environment


@click.group()
def dead() -> None:
    """Look at dead letters.

    \b
    Example:
      ledgerwire dead list
    """


@dead.command(name="list")
@click.option("--tenant", help="Only this organisation.")
@click.option("--limit", default=100, show_default=True, help="Rows at most.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def list_dead(*, tenant: str | None, limit: int, as_json: bool) -> None:
    """List things that could not be absorbed and deliveries that could not be parsed.

    \b
    Example:
      ledgerwire dead list --json
    """
    from ledgerwire.deadletters import list_dead_letters

    rows = run_async(list_dead_letters(settings_from_environment(), tenant_id=tenant, limit=limit))
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo("Nothing is dead.")
    for row in rows:
        click.echo("  ".join(str(value) for value in row.values() if value is not None))
