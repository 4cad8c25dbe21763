"""`ledgerwire dead`: what could not be read or absorbed, kept for a person."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import click

from ledgerwire.cli.columns import columns
from ledgerwire.cli.options import run_async, settings_from_environment
from ledgerwire.failures import JobFailed

Row = dict[str, Any]

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_tenant = click.option("--tenant", help="Only this organisation: its id, external id or name.")


@click.group()
def dead() -> None:
    """Look at dead letters, try them again, or drop them.

    \b
    Example:
      ledgerwire dead list
    """


@dead.command(name="list")
@_tenant
@click.option("--limit", default=100, show_default=True, type=click.IntRange(min=1),
              help="Rows at most.")  # fmt: skip
@_json
def list_dead(*, tenant: str | None, limit: int, as_json: bool) -> None:
    """List things that could not be absorbed and deliveries that could not be parsed.

    Newest first; times are UTC. A thing is read again as soon as Xero hints at it.

    \b
    Example:
      ledgerwire dead list --json
    """
    from ledgerwire.deadletters import list_dead_letters

    settings = settings_from_environment(a_look=True)
    rows = run_async(list_dead_letters(settings, tenant=tenant, limit=limit))
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo("Nothing is dead.")
        return
    headers = ("died at", "kind", "attempts", "code", "key", "why")
    shown = [
        (row["died_at"], row["kind"], row["attempts"], row["error_code"], row["key"], row["error"])
        for row in rows
    ]
    click.echo(columns(headers, shown))


@dead.command(name="show")
@click.argument("key")
@_json
def show_dead(*, key: str, as_json: bool) -> None:
    """Show one dead letter with what was kept of it: a thing's JSON as Xero sent it, or a body.

    KEY is as `dead list` prints it. What is shown is an organisation's books.

    \b
    Example:
      ledgerwire dead show 2b5acf8a-bcfd-4664-9110-367c150ffabe/Invoices/9c11cbf2-…
    """
    from ledgerwire.deadletters import show_dead_letter

    row, content = run_async(show_dead_letter(settings_from_environment(a_look=True), key))
    text = None if content is None else content.decode(errors="backslashreplace")
    if as_json:
        click.echo(json.dumps({**row, "content": text}))
        return
    click.echo(columns(("what", "is"), [(name.replace("_", " "), row[name]) for name in row]))
    click.echo()
    click.echo("Nothing was kept of it." if text is None else text)


@dead.command(name="retry")
@click.argument("keys", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every dead letter there is.")
@_tenant
@_json
def retry_dead(
    *, keys: tuple[str, ...], everything: bool, tenant: str | None, as_json: bool
) -> None:
    """Try dead letters again: a thing is due at once, with no attempt counted.

    KEYS are as `dead list` prints them. What can't be asked for at Xero (a delivery, or a thing
    whose id could not be read) is read again from what was kept; if that fails it stays dead and
    the command exits 1.

    \b
    Example:
      ledgerwire dead retry --all --tenant customer-42
    """
    from ledgerwire.deadletters import retry_dead_letters

    if bool(keys) == everything or (tenant is not None and not everything):
        raise click.UsageError("Name KEYS, or --all (of one --tenant, if given), not both.")
    settings = settings_from_environment(a_look=True)
    rows = run_async(retry_dead_letters(settings, keys, tenant=tenant))
    _report(
        rows, as_json=as_json, line=lambda row: (row["became"] or "dead", row["key"], row["why"])
    )
    stay = sum(row["stays_dead"] for row in rows)
    if stay:
        raise JobFailed(
            f"{stay} of {len(rows)} can not be read by this version either and stay dead: "
            "`ledgerwire dead show KEY` shows what was kept"
        )


@dead.command(name="drop")
@click.argument("keys", nargs=-1, required=True)
@click.option("--reason", required=True, help="Why; it stands in the log.")
@_json
def drop_dead(*, keys: tuple[str, ...], reason: str, as_json: bool) -> None:
    """Forget dead letters and what was kept of them, for good.

    A thing that changes at Xero later is read all the same. Each letter is one line in the log
    (`dead_letter_dropped`), with the reason.

    \b
    Example:
      ledgerwire dead drop 2b5acf8a-bcfd-4664-9110-367c150ffabe/Invoices/9c11cbf2-… \\
        --reason "deleted at Xero, as the bookkeeper says"
    """
    from ledgerwire.deadletters import drop_dead_letters

    if not reason.strip():
        raise click.UsageError("--reason may not be empty.")
    settings = settings_from_environment(a_look=True)
    rows = run_async(drop_dead_letters(settings, keys, reason=reason))
    _report(rows, as_json=as_json, line=lambda row: ("dropped", row["key"], row["error_code"]))


def _report(rows: Sequence[Row], *, as_json: bool, line: Callable[[Row], Sequence[object]]) -> None:
    if as_json:
        click.echo(json.dumps(rows))
    elif rows:
        click.echo("\n".join("  ".join(map(str, line(row))) for row in rows))
    else:
        click.echo("Nothing is dead.")
