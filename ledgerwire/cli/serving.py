"""`up`, `run` and `simulate`: the programs that go on until they are told to stop."""

import json
from urllib.parse import urlsplit

import click

from ledgerwire.cli.options import run_async, settings_from_environment, stop_on_signals
from ledgerwire.failures import JobFailed

ROLES = ("receiver", "handlers", "api", "crm", "simulator")


@click.command()
def up() -> None:
    """Run every role on this machine, from the settings.

    HTTP listens on LEDGERWIRE_PORT; the health of the other roles on the next port.

    \b
    Example:
      LEDGERWIRE_XERO_CLIENT_ID=… LEDGERWIRE_XERO_CLIENT_SECRET=… ledgerwire up
    """
    from ledgerwire.up import run_up

    settings = settings_from_environment()

    async def job() -> int:
        return await run_up(settings, stop_on_signals())

    if run_async(job()) != 0:
        raise JobFailed("A role ended by itself: its own lines above say why")


@click.command()
@click.argument("roles", nargs=-1, required=True, type=click.Choice(ROLES))
def run(roles: tuple[str, ...]) -> None:
    """Run chosen roles in this process: receiver, handlers, api, crm, simulator.

    \b
    Example:
      ledgerwire run receiver api
    """
    from ledgerwire.roles import run_roles

    settings = settings_from_environment()

    async def job() -> None:
        await run_roles(settings, frozenset(roles), stop_on_signals())

    run_async(job())


def _http_address(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise click.BadParameter("an address such as http://127.0.0.1:8000/webhooks/xero")
    return value


@click.command()
@click.option("--port", default=8400, show_default=True, type=click.IntRange(0, 65_535),
              help="Port to listen on; 0 for a free one.")  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="Seed of the books and of all chance.")
@click.option("--tenants", default=2, show_default=True, type=click.IntRange(1, 1_000),
              help="Organisations to begin with.")  # fmt: skip
@click.option("--webhook-url", callback=_http_address, help="Where to deliver webhooks.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line when ready.")
@click.option("--no-limits", is_flag=True, help="Without call limits, for benchmarks.")
@click.option("--any-client", is_flag=True, help="Accept any client id and secret.")
@click.option("--small", is_flag=True, help="Small opening books.")
def simulate(  # noqa: PLR0913  # one per option
    *,
    port: int,
    seed: int,
    tenants: int,
    webhook_url: str | None,
    as_json: bool,
    no_limits: bool,
    any_client: bool,
    small: bool,
) -> None:
    """Run a local Xero: identity, accounting, webhooks and faults on demand.

    \b
    Example:
      ledgerwire simulate --port 8400 --webhook-url http://127.0.0.1:8000/webhooks/xero
    """
    from ledgerwire.simulating import run_simulator

    settings = settings_from_environment()
    run_async(
        run_simulator(
            settings,
            stop_on_signals,
            port=port,
            seed=seed,
            tenants=tenants,
            webhook_url=webhook_url,
            no_limits=no_limits,
            any_client=any_client,
            small=small,
            announce=lambda ready: click.echo(json.dumps(ready) if as_json else _readable(ready)),
        )
    )


def _readable(ready: dict[str, object]) -> str:
    lines = [f"{name}: {value}" for name, value in ready.items() if name != "tenants"]
    tenants = ready["tenants"]
    if isinstance(tenants, list):
        lines.extend(f"tenant {each['tenant_id']}: {each['name']}" for each in tenants)
    return "\n".join(lines)
