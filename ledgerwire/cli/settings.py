"""`ledgerwire config`: what is set, where it came from, and whether it can work."""

import json
import os

import click


@click.group()
def config() -> None:
    """Show or check the settings.

    \b
    Example:
      ledgerwire config show
    """


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(*, as_json: bool) -> None:
    """Every setting with its value and source; secrets are masked.

    \b
    Example:
      ledgerwire config show --json
    """
    from ledgerwire.settings import Settings, load, shown, variable

    settings, sources = load(os.environ)
    rows = {
        variable(name): {"value": shown(settings, name), "source": sources[name].origin}
        for name in Settings.model_fields
    }
    if as_json:
        click.echo(json.dumps(rows))
        return
    width = max(len(name) for name in rows)
    for name, row in rows.items():
        click.echo(f"{name:<{width}}  {row['value'] or '-'}  ({row['source']})")


@config.command()
def check() -> None:
    """Say whether `up` could start with these settings.

    \b
    Example:
      LEDGERWIRE_XERO_CLIENT_ID=… ledgerwire config check
    """
    from ledgerwire.secret_keys import secret_box
    from ledgerwire.settings import SettingsError, load, require_for_work

    settings, _ = load(os.environ)
    require_for_work(settings)
    if settings.secret_keys:
        secret_box(settings)
    by_consent = settings.xero_grant == "authorization_code"
    if by_consent and not settings.public_url.startswith(("https://", "http://localhost")):
        raise SettingsError(
            "LEDGERWIRE_PUBLIC_URL is wrong: Xero takes no other redirect than https, or "
            "http://localhost. Example: LEDGERWIRE_PUBLIC_URL=https://ledgerwire.example"
        )
    if not settings.xero_webhook_keys:
        click.echo("No webhook key: changes will be found by sweeps alone, within minutes.")
    if settings.kafka == "embedded":
        click.echo("The embedded broker is for trying out: it is not durable.")
    click.echo("The settings are fit for use.")
