"""`ledgerwire dead`: what could not be read or absorbed, kept for a person."""

import json
from uuid import UUID

import click

from ledgerwire.cli.columns import columns
from ledgerwire.cli.options import run_async, settings_from_environment


@click.group()
def dead() -> None:
    """Look at dead letters.

    \b
    Example:
      ledgerwire dead list
    """


@dead.command(name="list")
@click.option("--tenant", type=click.UUID, help="Only this organisation, by its id.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=1),
              help="Rows at most.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def list_dead(*, tenant: UUID | None, limit: int, as_json: bool) -> None:
    """List things that could not be absorbed and deliveries that could not be parsed.

    Newest first; times are UTC. A thing is read again as soon as Xero hints at it.

    \b
    Example:
      ledgerwire dead list --json
    """
    from ledgerwire.deadletters import list_dead_letters

    settings = settings_from_environment(a_look=True)
    whose = None if tenant is None else str(tenant)
    rows = run_async(list_dead_letters(settings, tenant_id=whose, limit=limit))
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo("Nothing is dead.")
        return
    headers = ("died at", "what", "tenant", "attempts", "code", "why")
    shown = [
        (row["died_at"], _what(row), row["tenant_id"], row["attempts"], row["error_code"],
         row["error"])
        for row in rows
    ]  # fmt: skip
    click.echo(columns(headers, shown))


def _what(row: dict[str, object]) -> str:
    if row["kind"] == "delivery":
        return f"delivery {row['key']}"
    return f"{row['endpoint']} {row['remote_id']}"
