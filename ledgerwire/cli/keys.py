"""`ledgerwire keys`: who may call our own HTTP interface, and what for."""

import json
from typing import TYPE_CHECKING, Any

import click

from ledgerwire.cli.columns import columns
from ledgerwire.cli.options import run_async, settings_from_environment
from ledgerwire.failures import WrongUsage

if TYPE_CHECKING:
    from storage.api_keys import ApiKey, NewKey

SCOPES = ("read", "write", "proxy", "admin")

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def keys() -> None:
    """Make, list and revoke API keys.

    \b
    Example:
      ledgerwire keys create --name reporting --scope read
    """


@keys.command()
@click.option("--name", required=True, help="What it is for, to be found in the list.")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES),
              help="What it may do; may be repeated.")  # fmt: skip
@click.option("--tenant", "tenants", multiple=True,
              help="Only this organisation (id or name); may be repeated.")  # fmt: skip
@_json
def create(*, name: str, scopes: tuple[str, ...], tenants: tuple[str, ...], as_json: bool) -> None:
    """Make a key and show it, this once: only a digest of it is kept.

    `read` reads, `write` changes books, `proxy` calls Xero through us, `admin` may do everything.

    \b
    Example:
      ledgerwire keys create --name reporting --scope read --tenant customer-42
    """
    from ledgerwire.installation import open_installation
    from ledgerwire.naming import named_tenant
    from storage.api_keys import create_api_key

    if not name.strip():
        raise click.BadParameter("a name to be found by", param_hint="--name")
    settings = settings_from_environment(a_look=True)

    async def work() -> "NewKey":
        async with open_installation(settings, connections=2, broker=False) as here:
            chosen = [(await named_tenant(here.db, each)).id for each in tenants]
            return await create_api_key(
                here.db, name.strip(), scopes=set(scopes), tenants=set(chosen) or None
            )

    made = run_async(work())
    if as_json:
        click.echo(json.dumps({**_row(made.key), "key": made.text}))
        return
    click.echo(made.text)
    click.echo(f"Keep it now: it is not shown again. Its id is {made.key.id}.", err=True)


@keys.command(name="list")
@_json
def list_keys(*, as_json: bool) -> None:
    """List all keys, revoked ones too; never the keys themselves. Times are UTC.

    \b
    Example:
      ledgerwire keys list --json
    """
    from ledgerwire.installation import open_installation
    from storage.api_keys import api_keys

    settings = settings_from_environment(a_look=True)

    async def work() -> "list[ApiKey]":
        async with open_installation(settings, connections=2, broker=False) as here:
            return await api_keys(here.db)

    rows = [_row(each) for each in run_async(work())]
    if as_json:
        click.echo(json.dumps(rows))
    elif not rows:
        click.echo("There is no key yet. `ledgerwire keys create` makes one.")
    else:
        shown = [
            (row["id"], row["name"], " ".join(row["scopes"]),
             "all" if row["tenants"] is None else " ".join(row["tenants"]),
             row["created_at"], row["revoked_at"])
            for row in rows
        ]  # fmt: skip
        click.echo(columns(("id", "name", "scopes", "organisations", "made", "revoked"), shown))


@keys.command()
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """End a key for good; ID is as `keys list` prints it.

    \b
    Example:
      ledgerwire keys revoke 1f0c9a3e
    """
    from ledgerwire.installation import open_installation
    from storage.api_keys import revoke_api_key

    settings = settings_from_environment(a_look=True)

    async def work() -> bool:
        async with open_installation(settings, connections=2, broker=False) as here:
            return await revoke_api_key(here.db, key_id.strip())

    if not run_async(work()):
        # Whoever mixed up the two has shown a secret; it must not be repeated here.
        raise WrongUsage("No living key has this id: `ledgerwire keys list` shows them")
    click.echo(f"Revoked {key_id.strip()}.")


def _row(key: "ApiKey") -> dict[str, Any]:
    from unified.codecs import instant_text

    revoked = key.revoked_at
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "tenants": None if key.tenants is None else list(key.tenants),
        "created_at": instant_text(key.created_at),
        "revoked_at": None if revoked is None else instant_text(revoked),
    }
