"""`ledgerwire demo`: the main job from end to end, with no account and no server."""

import sys
from pathlib import Path

import click

from ledgerwire.cli.options import run_async, stop_on_signals
from ledgerwire.failures import JobFailed


@click.command()
@click.option("--seconds", default=40.0, show_default=True, type=click.FloatRange(min=0),
              help="How long business is played; 0 until Ctrl-C.")  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="Seed of the books and of all chance.")
@click.option("--rate", default=1.0, show_default=True, type=click.FloatRange(min=0),
              help="Business actions a second.")  # fmt: skip
@click.option("--tenants", default=2, show_default=True, type=click.IntRange(1, 100),
              help="Organisations to link.")  # fmt: skip
@click.option("--port", type=click.IntRange(1, 65_534),
              help="Port of receiver and api, the other roles' health on the next; a free one "
              "unless given.")  # fmt: skip
@click.option("--quiet", is_flag=True, help="Only the result.")
@click.option("--json", "as_json", is_flag=True, help="The last line is one JSON object.")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False),
              help="Keep data and logs in this new folder.")  # fmt: skip
def demo(  # noqa: PLR0913  # one per option
    *,
    seconds: float,
    seed: int,
    rate: float,
    tenants: int,
    port: int | None,
    quiet: bool,
    as_json: bool,
    keep: Path | None,
) -> None:
    """Link simulated organisations, play business days, and judge what came out.

    \b
    Example:
      ledgerwire demo --seconds 20 --quiet
    """
    from ledgerwire.demo.play import DemoOptions, run_demo
    from ledgerwire.logs import configure_logging
    from ledgerwire.settings import Settings

    # The programs log into the demo's folder; here only what went wrong is shown.
    configure_logging(Settings(log_level="warning"), terminal=sys.stderr.isatty())

    options = DemoOptions(
        seconds=seconds,
        seed=seed,
        rate=rate,
        tenants=tenants,
        port=port,
        quiet=quiet,
        as_json=as_json,
        keep=keep,
    )

    async def job() -> bool:
        return await run_demo(options, stop_on_signals())

    if not run_async(job()):
        raise JobFailed("The books and what came out differ: the differences stand above")
