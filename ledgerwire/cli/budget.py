"""`ledgerwire budget`: calls and bytes, used and left, and what the month will cost at Xero."""

import json
from typing import Any

import click

from ledgerwire.cli.columns import columns
from ledgerwire.cli.options import run_async, settings_from_environment

_KB = 1000


@click.command()
@click.argument("tenant", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def budget(tenant: str | None, *, as_json: bool) -> None:
    """Show calls and bytes used and left, and forecast the month and Xero's bill by tier.

    TENANT is an id, an external id or a name; every organisation unless given. Days are UTC. The
    forecast takes the days to come for like the last seven, backfills left out; the bill is for
    the whole app, in AUD without tax, and caps on connections are hard: `no` fits where there are
    too many.

    \b
    Example:
      ledgerwire budget --json
    """
    from ledgerwire.installation import open_installation
    from ledgerwire.spending import spending

    settings = settings_from_environment(a_look=True)

    async def work() -> dict[str, Any]:
        async with open_installation(settings, connections=2, broker=False) as here:
            return await spending(here, tenant)

    told = run_async(work())
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(_organisations(told))
    if tenant is not None:
        click.echo(f"\n{_endpoints(told['tenants'][0])}")
    click.echo(f"\n{_bills(told)}")


def _organisations(told: dict[str, Any]) -> str:
    if not told["tenants"]:
        return "No organisation is linked yet. `ledgerwire link` shows the address to open."
    headers = ("organisation", "calls today", "left", "of", "refused", "bytes today",
               f"calls in {told['month']}", "forecast", "egress", "forecast")  # fmt: skip
    rows = [
        (each["name"], each["today"]["calls"], each["today"]["day_remaining"],
         each["today"]["calls_a_day"], each["today"]["refused"], _size(each["today"]["bytes"]),
         each["month"]["calls"], each["month"]["forecast_calls"],
         _size(each["month"]["egress_bytes"]), _size(each["month"]["forecast_egress_bytes"]))
        for each in told["tenants"]
    ]  # fmt: skip
    return columns(headers, rows)


def _endpoints(each: dict[str, Any]) -> str:
    used = each["month"]["by_endpoint"]
    rows = [(name, one["calls"], _size(one["bytes"])) for name, one in used.items()]
    return columns(("endpoint", "calls this month", "bytes"), rows)


def _bills(told: dict[str, Any]) -> str:
    app = told["app"]
    headers = ("tier", "fits", "fee", "egress included", "GB beyond", "for them", "total AUD")
    rows = [
        (f"{one['tier']} (yours)" if one["tier"] == told["tier"] else one["tier"],
         "yes" if one["fits"] else "no", one["fee"] or "by quote", _included(one),
         one["overage_gb"], one["overage"], one["total"] or "by quote")
        for one in told["bill"]
    ]  # fmt: skip
    expected = _size(app["forecast_egress_bytes"])
    return (
        f"Xero's bill for {told['month']}, {app['connections']} connections, {expected} of egress "
        f"expected\n{columns(headers, rows)}"
    )


def _included(one: dict[str, Any]) -> str:
    if one["egress_gb"] is not None:
        return f"{one['egress_gb']} GB"
    return "by quote" if one["fee"] is None else "all"


def _size(count: int) -> str:
    """Bytes for people."""
    for unit, size in (("GB", _KB**3), ("MB", _KB**2), ("kB", _KB)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
