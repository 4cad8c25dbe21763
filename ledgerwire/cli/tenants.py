"""`ledgerwire tenants`, `link` and `unlink`: what is linked, linking, and ending a link."""

import json
from typing import TYPE_CHECKING, Any

import click

from ledgerwire.cli.columns import columns
from ledgerwire.cli.options import run_async, settings_from_environment
from ledgerwire.cli.progress import meter

if TYPE_CHECKING:
    from api.unlinking import Unlinked
    from storage.tenants import TenantSummary


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list.")
def tenants(*, as_json: bool) -> None:
    """List linked organisations: health, freshness, what is left of their limits; times are UTC.

    `health` is ok, backfilling, failing, limited, or the state in which it is `since`; `fresh as
    of` is the end of the oldest of its last sweeps and backfills; `due` things wait to be read,
    `unsent` events wait for Kafka. What Xero does not let us read stands below, with its reason.

    \b
    Example:
      ledgerwire tenants --json
    """
    from ledgerwire.overview import overview

    rows = run_async(overview(settings_from_environment(a_look=True)))
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo("No organisation is linked yet. `ledgerwire link` shows the address to open.")
        return
    headers = ("organisation", "tenant", "health", "state since", "fresh as of", "backfill", "due",
               "dead", "unsent", "calls left: minute", "day")  # fmt: skip
    shown = [
        (row["name"], row["tenant_id"], _health(row), row["state_since"], row["verified_since"],
         row["backfill"], row["notices_due"], row["notices_dead"], row["events_unrelayed"],
         row["minute_remaining"], row["day_remaining"])
        for row in rows
    ]  # fmt: skip
    click.echo(columns(headers, shown))
    for row in rows:
        for one in row["unsupported"]:
            click.echo(f"{row['name']}: {one['endpoint']} is unsupported: {one['reason']}")


def _health(row: dict[str, Any]) -> str:
    """The word, and what it can be told by."""
    match row["health"]:
        case "limited":
            return f"{row['blocked_by']} limit until {row['blocked_until']}"
        case "failing":
            return f"failing: {', '.join(row['failing'])}"
        case word:
            return str(word)


@click.command()
@click.option("--external-id", help="Your own id for the customer, kept with the organisation.")
@click.option("--tenant", help="Let it link this organisation only, which is known already.")
def link(*, external_id: str | None, tenant: str | None) -> None:
    """Print the address to open in a browser to link an organisation.

    With an option, or where LEDGERWIRE_LINKING is `sessions`, it is good for a day and for one
    consent, and the name counts as verified. TENANT is an id, an external id or a name.

    \b
    Example:
      ledgerwire link --external-id customer-42
    """
    from ledgerwire.linking import link_address

    settings = settings_from_environment(a_look=True)
    click.echo(run_async(link_address(settings, external_id=external_id, tenant=tenant)))
    click.echo("Open it in a browser while `ledgerwire up` (or `run api`) is running.", err=True)


@click.command()
@click.argument("tenant")
@click.option("--erase", is_flag=True, help="Forget all that is kept of it, too: for good.")
@click.option("--yes", is_flag=True, help="Do not ask before erasing.")
def unlink(tenant: str, *, erase: bool, yes: bool) -> None:
    """End the link to an organisation: its connection at Xero is removed, what we have stays.

    TENANT is an id, an external id or a name. Nothing is read for it from then on; linking it
    again goes on where it stopped. The token set is revoked with its last organisation. With
    --erase its mirror, events, tokens and name are forgotten, and each record gets an event and a
    tombstone that say so.

    \b
    Example:
      ledgerwire unlink customer-42
    """
    from api.unlinking import ENDABLE, Unlinked
    from ledgerwire.acting import commanded
    from ledgerwire.erasing import erase as forget
    from ledgerwire.installation import open_installation
    from ledgerwire.naming import named_tenant
    from ledgerwire.settings import require_for_work
    from ledgerwire.unlinking import unlink as job
    from ledgerwire.wiring.xero import xero_side

    settings = settings_from_environment(a_look=True)
    require_for_work(settings)

    async def who() -> "TenantSummary":
        async with open_installation(settings, connections=2, broker=False) as here:
            return await named_tenant(here.db, tenant)

    meant = tenant
    if erase and not yes:
        found = run_async(who())  # of several that a name may mean, the one that is asked about
        meant = found.id
        whose = f"{found.name or tenant} ({found.id})"
        click.confirm(f"Forget all that is kept of {whose}, for good?", abort=True)

    async def work() -> Unlinked | None:
        async with (
            open_installation(settings, connections=2, broker=False) as here,
            xero_side(here, lending=False) as xero,
        ):
            found, done = await named_tenant(here.db, meant), None
            what = "unlink --erase" if erase else "unlink"
            async with commanded(here.db, what, found.id):
                if found.state in ENDABLE or not erase:
                    done = await job(
                        here.db, found.id, tokens=xero.tokens, connections=xero.connections,
                        oauth=xero.oauth, box=xero.box,
                    )  # fmt: skip
                if erase:
                    with meter("erase", "records") as seen:
                        await forget(here, found.id, seen=seen)
            return done

    _say(run_async(work()), tenant, erased=erase)


def _say(done: "Unlinked | None", tenant: str, *, erased: bool) -> None:
    if erased:
        click.echo(f"All that was kept of {tenant} is erased.")
    if done is None:
        return
    click.echo(f"{done.name} is unlinked.")
    if not done.at_xero:
        click.echo("Xero no longer takes our tokens: remove the app there, under Connected apps.")
    if done.revoked:
        click.echo("It was the last organisation of its token set, which is revoked.")
