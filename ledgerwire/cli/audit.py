"""`ledgerwire audit`: complete lists against the mirror, put right or only shown."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ledgerwire.cli.columns import columns
from ledgerwire.cli.options import run_async, settings_from_environment
from ledgerwire.cli.progress import meter

if TYPE_CHECKING:
    from ledgerwire.auditing import Audited
    from ledgerwire.comparing import Compared
    from ledgerwire.settings import Settings


@click.command()
@click.argument("tenant")
@click.argument("resources", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only show what differs; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit(tenant: str, *, resources: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Compare an organisation's complete lists with the mirror, and put right what differs.

    TENANT is an id, an external id or a name; RESOURCES such as `invoices`, all unless given. The
    handlers do it behind live changes, as they do by themselves every few days. What differs
    becomes an event (`reconcile`); what a list lacks is looked for again in five minutes, and is
    announced as missing when Xero answers 404. With --dry-run this command reads the lists itself
    and prints what differs, never what it says.

    \b
    Example:
      ledgerwire audit customer-42 items contacts --dry-run
    """
    settings = settings_from_environment(a_look=True)
    if dry_run:
        _show(run_async(_compared(settings, tenant, resources)), as_json=as_json)
    else:
        _report(run_async(_audited(settings, tenant, resources)), as_json=as_json)


async def _audited(
    settings: "Settings", tenant: str, resources: tuple[str, ...]
) -> "list[Audited]":
    from ledgerwire.auditing import audit as job
    from ledgerwire.installation import open_installation

    async with open_installation(settings, connections=2, broker=False) as here:
        with meter("audit", "resources") as seen:
            return await job(here, tenant, resources, seen=seen)


async def _compared(settings: "Settings", tenant: str, resources: tuple[str, ...]) -> "Compared":
    from ledgerwire.comparing import compare_books
    from ledgerwire.installation import open_installation
    from ledgerwire.settings import require_for_work
    from ledgerwire.wiring.xero import xero_side

    require_for_work(settings)
    async with (
        open_installation(settings, connections=4, broker=False) as here,
        xero_side(here, lending=False) as xero,
    ):
        with meter("compare", "resources") as seen:
            return await compare_books(here, tenant, resources, client=xero.client, seen=seen)


def _report(done: "list[Audited]", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(each) for each in done]))
        return
    headers = ("resource", "changes found", "put right", "not listed")
    rows = [(e.resource, e.changes, e.put_right, e.unlisted) for e in done if e.left_out is None]
    click.echo(columns(headers, rows))
    for each in done:
        if each.left_out is not None:
            click.echo(f"Left out: {each.resource} {each.left_out}")
    if any(each.unlisted for each in done):
        click.echo("What is not listed is looked for again in five minutes, then asked for alone.")


def _show(done: "Compared", *, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = asdict(done)
        click.echo(json.dumps(told))
        return
    rows = [
        (each.resource, each.remote_id, each.what, " ".join(each.fields) or None,
         "on its way" if each.on_its_way else None)
        for each in done.found
    ]  # fmt: skip
    if rows:
        click.echo(columns(("resource", "remote id", "what", "fields", ""), rows))
    things = sum(done.listed.values())
    click.echo(f"{things} things of {len(done.listed)} resources compared, {len(rows)} differ.")
    for resource, reason in done.left_out.items():
        click.echo(f"Left out: {resource} {reason}")
