"""`ledgerwire schemas`: what is published, for those who validate or generate code."""

from pathlib import Path

import click


@click.group()
def schemas() -> None:
    """JSON Schemas of records and events, and the AsyncAPI and OpenAPI documents.

    \b
    Example:
      ledgerwire schemas export contracts
    """


@schemas.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def export(directory: Path) -> None:
    """Write every JSON Schema, of all versions, AsyncAPI and OpenAPI into a folder.

    The folder is made if it is not there; files of the same names are replaced. Schemas refer to
    one another by file names, so they work from wherever they are copied to, all together.

    \b
    Example:
      ledgerwire schemas export contracts
    """
    from ledgerwire.schemas import export as written

    paths = written(directory)
    click.echo(f"{len(paths)} files in {directory}")
