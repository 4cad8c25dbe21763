"""`ledgerwire keys`: who may call our own HTTP interface, and what for."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from ledgerwire.cli.columns import columns
from ledgerwire.cli.options import run_async, settings_from_environment
from ledgerwire.failures import WrongUsage

if TYPE_CHECKING:
    from storage.acts import Act
    from storage.api_keys import NewKey

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
@click.option("--expires", metavar="TIME", help="When it ends, such as 2030-01-01T00:00:00Z.")
@click.option("--limit", type=click.IntRange(1, 1_000_000),
              help="How many requests a minute it may make.")  # fmt: skip
@_json
def create(  # a key's properties, each an option
    *,
    name: str,
    scopes: tuple[str, ...],
    tenants: tuple[str, ...],
    expires: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """Make a key and show it, this once: only a digest of it is kept.

    `read` reads, `write` changes books, `proxy` calls Xero through us, `admin` may do everything.

    \b
    Example:
      ledgerwire keys create --name reporting --scope read --tenant customer-42
    """
    from api.key_shown import key_shown
    from ledgerwire.installation import open_installation
    from ledgerwire.naming import named_tenant
    from storage.acts import note_act
    from storage.api_keys import create_api_key

    if not name.strip():
        raise click.BadParameter("a name to be found by", param_hint="--name")
    expires_at = None if expires is None else _instant(expires)
    settings = settings_from_environment(a_look=True)

    async def work() -> "NewKey":
        async with open_installation(settings, connections=2, broker=False) as here:
            chosen = [(await named_tenant(here.db, each)).id for each in tenants]
            try:
                made = await create_api_key(
                    here.db, name.strip(), scopes=set(scopes), tenants=set(chosen) or None,
                    expires_at=expires_at, requests_a_minute=limit,
                )  # fmt: skip
            except ValueError as error:
                raise WrongUsage(f"This can be no key: {error}") from None
            await note_act(here.db, _act("keys create", made.key.id), status=0)
            return made

    made = run_async(work())
    if as_json:
        click.echo(json.dumps({**key_shown(made.key, {}), "key": made.text}))
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
    from api.key_shown import key_shown
    from ledgerwire.installation import open_installation
    from storage.api_key_use import last_uses
    from storage.api_keys import api_keys

    settings = settings_from_environment(a_look=True)

    async def work() -> list[dict[str, Any]]:
        async with open_installation(settings, connections=2, broker=False) as here:
            used = await last_uses(here.db)
            return [key_shown(each, used) for each in await api_keys(here.db)]

    rows = run_async(work())
    if as_json:
        click.echo(json.dumps(rows))
    elif not rows:
        click.echo("There is no key yet. `ledgerwire keys create` makes one.")
    else:
        shown = [
            (row["id"], row["name"], " ".join(row["scopes"]),
             "all" if row["tenants"] is None else " ".join(row["tenants"]),
             row["requests_a_minute"], row["created_at"], row["last_used_at"], row["expires_at"],
             row["revoked_at"])
            for row in rows
        ]  # fmt: skip
        headers = ("id", "name", "scopes", "organisations", "a minute", "made", "last used",
                   "expires", "revoked")  # fmt: skip
        click.echo(columns(headers, shown))


@keys.command()
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """End a key for good; ID is as `keys list` prints it.

    \b
    Example:
      ledgerwire keys revoke 1f0c9a3e
    """
    from ledgerwire.installation import open_installation
    from storage.acts import note_act
    from storage.api_keys import revoke_api_key

    settings = settings_from_environment(a_look=True)

    async def work() -> bool:
        async with open_installation(settings, connections=2, broker=False) as here:
            done = await revoke_api_key(here.db, key_id.strip())
            if done:
                await note_act(here.db, _act("keys revoke", key_id.strip()), status=0)
            return done

    if not run_async(work()):
        # Whoever mixed up the two has shown a secret; it must not be repeated here.
        raise WrongUsage("No living key has this id: `ledgerwire keys list` shows them")
    click.echo(f"Revoked {key_id.strip()}.")


@keys.command()
@click.option("--tenant", help="Only acts on this organisation (id or name).")
@click.option("--key", "key_id", metavar="ID", help="Only acts with this key.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True,
              help="How many at most.")  # fmt: skip
@_json
def acts(*, tenant: str | None, key_id: str | None, limit: int, as_json: bool) -> None:
    """List what callers, commands and people did, newest first. Times are UTC.

    Every write, proxied write, link, unlink and admin act stands there for 400 days, refused ones
    too; never what they held. An act without a status was begun, and nobody knows how it ended.

    \b
    Example:
      ledgerwire keys acts --tenant customer-42
    """
    from api.acts import act_shown
    from ledgerwire.installation import open_installation
    from ledgerwire.naming import named_tenant
    from storage.acts import Wanted
    from storage.acts import acts as read_acts

    settings = settings_from_environment(a_look=True)

    async def work() -> list[dict[str, Any]]:
        async with open_installation(settings, connections=2, broker=False) as here:
            tenant_id = None if tenant is None else (await named_tenant(here.db, tenant)).id
            wanted = Wanted(tenant_id=tenant_id, key_id=key_id)
            return [act_shown(each) for each in await read_acts(here.db, wanted, limit=limit)]

    rows = run_async(work())
    if as_json:
        click.echo(json.dumps(rows))
    elif not rows:
        click.echo("Nobody has done anything of that kind.")
    else:
        shown = [
            (row["at"], row["key_id"] or row["actor"], row["operation"], row["tenant_id"],
             row["entity"], " ".join(row["entity_ids"]) or None, row["status"], row["code"],
             row["request_id"])
            for row in rows
        ]  # fmt: skip
        headers = ("at", "who", "what", "tenant", "entity", "ids", "status", "problem", "request")
        click.echo(columns(headers, shown))


def _act(operation: str, key_id: str) -> "Act":
    from storage.acts import Act

    return Act(operation=operation, actor="command", entity="api_key", entity_ids=[key_id])


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or at <= datetime.now(UTC):
        raise click.BadParameter(
            "a time to come with its zone, such as 2030-01-01T00:00:00Z", param_hint="--expires"
        )
    return at
