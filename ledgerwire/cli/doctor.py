"""`ledgerwire doctor`: looks at every dependency, and says what to do."""

import json
import sys
from dataclasses import asdict

import click

from ledgerwire.cli.options import run_async, settings_from_environment

PARTS = ("webhook", "xero", "kafka", "database")
_MARKS = {"ok": "ok  ", "note": "note", "bad": "BAD ", "away": "AWAY"}


@click.command()
@click.argument(
    "parts", nargs=-1, type=click.Choice(PARTS), metavar="[webhook|xero|kafka|database]…"
)
@click.option("--url", metavar="ADDRESS",
              help="Where Xero sends webhooks, such as a tunnel's address.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def doctor(*, parts: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Check what Ledgerwire depends on, and say what to do; all of it unless a part is named.

    `webhook` makes Xero's whole intent-to-receive exchange against the running receiver. Exits 0
    if all is well, 1 if something is not as it must be, 3 if something does not answer.

    \b
    Example:
      ledgerwire doctor webhook --url https://my-tunnel.example/webhooks/xero
    """
    from ledgerwire.doctor.finding import exit_code
    from ledgerwire.doctor.looking import look

    if url is not None and not url.startswith(("http://", "https://")):
        raise click.BadParameter("an address that begins with https://", param_hint="--url")
    findings = run_async(look(settings_from_environment(a_look=True), parts, url=url))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in findings]))
    else:
        for each in findings:
            click.echo(f"{_MARKS[each.verdict]}  {each.part:<8}  {each.what}.")
            if each.remedy:
                click.echo(f"{'':16}{each.remedy}.")
    sys.exit(exit_code(findings))
