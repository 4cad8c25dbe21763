"""`ledgerwire reports`: snapshots of an organisation's reports, by schedule."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from ledgerwire.cli.columns import columns
from ledgerwire.cli.options import run_async, settings_from_environment

if TYPE_CHECKING:
    from ledgerwire.reporting import Snapshots


@click.command()
@click.argument("tenant")
@click.argument("reports", nargs=-1)
@click.option("--every", type=float, metavar="HOURS", help="Take a snapshot now and so often.")
@click.option("--off", is_flag=True, help="Take no more; what was taken stays.")
@click.option("--contact", "contacts", multiple=True, metavar="ID",
              help="Whom an aged report is about, by Xero's id; may be repeated.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def reports(
    tenant: str,
    *,
    reports: tuple[str, ...],
    every: float | None,
    off: bool,
    contacts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Take snapshots of an organisation's reports, which are off until you turn them on.

    TENANT is an id, an external id or a name; REPORTS such as `trial_balance`, all but the aged
    ones unless given. A snapshot costs one call; where its figures moved it becomes an event. The
    trial balance gives accounts their balances.

    \b
    Example:
      ledgerwire reports "Demo Company (NZ)" trial_balance profit_and_loss --every 24
    """
    from ledgerwire.installation import open_installation
    from ledgerwire.reporting import listed, turn_off, turn_on

    if every is not None and off:
        raise click.UsageError("--every turns snapshots on and --off turns them off: take one.")
    settings = settings_from_environment(a_look=True)

    async def work() -> "list[Snapshots]":
        async with open_installation(settings, connections=2, broker=False) as here:
            if off:
                return await turn_off(here, tenant, reports)
            if every is None:
                return await listed(here, tenant)
            often = timedelta(hours=every)
            return await turn_on(here, tenant, reports, every=often, contacts=contacts)

    found = run_async(work())
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found]))
        return
    rows = [
        (each.report, "off" if each.every_hours is None else f"every {each.every_hours:g} h",
         len(each.contacts) or "", each.taken_at or "", each.unsupported or "")
        for each in found
    ]  # fmt: skip
    click.echo(columns(("report", "snapshots", "contacts", "last taken", "not possible"), rows))
