"""The command line: one module per family of commands, errors as one sentence and one remedy.

What a command needs is imported when it runs: `--help` must not wait for drivers and models.
"""

import os
import sys
import traceback

import click

from ledgerwire.cli.asking import backfill, sweep
from ledgerwire.cli.audit import audit
from ledgerwire.cli.budget import budget
from ledgerwire.cli.dead import dead
from ledgerwire.cli.demo import demo
from ledgerwire.cli.doctor import doctor
from ledgerwire.cli.epoch import epoch
from ledgerwire.cli.keys import keys
from ledgerwire.cli.replay import replay
from ledgerwire.cli.reports import reports
from ledgerwire.cli.schemas import schemas
from ledgerwire.cli.secrets import secrets
from ledgerwire.cli.serving import run, simulate, up
from ledgerwire.cli.settings import config
from ledgerwire.cli.setup import setup
from ledgerwire.cli.tail import tail
from ledgerwire.cli.tenants import link, tenants, unlink

COMMANDS = (demo, setup, doctor, up, run, tail, tenants, link, unlink, backfill, sweep, audit,
            reports, replay, budget, dead, keys, secrets, epoch, schemas, simulate,
            config)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ledgerwire")
def cli() -> None:
    """Every change in a Xero organisation, as a unified event on Kafka.

    \b
    Example:
      ledgerwire demo --seconds 20
    """


for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line: 0 success, 1 a failed job, 2 bad usage, 3 a dependency is away."""
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except click.exceptions.Exit as leaving:
        sys.exit(leaving.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:  # noqa: BLE001  # the edge: a person gets a sentence, not a traceback
        from ledgerwire.cli.problems import exit_code_of, explain

        if os.environ.get("LEDGERWIRE_LOG_LEVEL", "").lower() == "debug":
            traceback.print_exception(error)  # frames without their values: those hold secrets
        click.echo(f"ledgerwire: {explain(error)}", err=True)
        sys.exit(exit_code_of(error))
