"""`ledgerwire secrets`: what is encrypted, under which key."""

import click

from ledgerwire.cli.options import run_async, settings_from_environment
from ledgerwire.cli.progress import meter
from ledgerwire.failures import JobFailed


@click.group()
def secrets() -> None:
    """Look after the keys that encrypt Xero's tokens.

    \b
    Example:
      ledgerwire secrets rotate
    """


@secrets.command()
def rotate() -> None:
    """Encrypt all tokens again under the first of LEDGERWIRE_SECRET_KEYS.

    First put the new key before the old ones and restart every process, so that all of them can
    read what it encrypts. Then run this; afterwards the old keys may go. It may be cut off and run
    again at any time. Where the database is embedded, the keys stand in `secret.keys` of the data
    folder, one a line.

    \b
    Example:
      LEDGERWIRE_SECRET_KEYS=new,old ledgerwire secrets rotate
    """
    from ledgerwire.installation import open_installation
    from ledgerwire.secret_keys import secret_box
    from storage.rotation import count_secrets, rotate_secrets

    settings = settings_from_environment(a_look=True)

    async def work() -> tuple[int, int]:
        async with open_installation(settings, connections=2, broker=False) as here:
            box = secret_box(settings)
            total, done, closed = await count_secrets(here.db), 0, 0
            with meter("rotate", "secrets") as seen:
                async for each in rotate_secrets(here.db, box):
                    done += each.done
                    closed += not each.done
                    seen(done + closed, total, "")
        return done, closed

    done, closed = run_async(work())
    click.echo(f"{done} encrypted under the first key.")
    if closed:
        raise JobFailed(
            f"{closed} can be opened by none of LEDGERWIRE_SECRET_KEYS and stay as they are: add "
            "the key they were encrypted with, or link those organisations again"
        )
    click.echo("The other keys are needed no longer, once every process has been restarted.")
