"""The file of settings that `setup` writes: readable by its owner alone, whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ledgerwire.settings import ENV_FILE, PREFIX, Settings, load, require_for_work

WRITTEN_BY_SETUP = Path("ledgerwire.env")  #: in the folder where `setup` ran, unless told otherwise

_HEAD = """\
# Settings of Ledgerwire, written by `ledgerwire setup`. They hold secrets: keep this file to
# yourself. Used where the variable LEDGERWIRE_ENV_FILE names it.
"""


def variables_of(path: Path) -> dict[str, str]:
    """The variables in a file that is there; none where it is not.

    Raises:
        OSError: it can't be read.
    """
    if not path.exists():
        return {}
    pairs = (
        line.strip().removeprefix("export ").partition("=")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip() and not line.strip().startswith("#")
    )
    return {
        name.strip(): value.strip().strip("\"'")
        for name, _, value in pairs
        if name.strip().startswith(PREFIX)
    }


def write_variables(path: Path, variables: Mapping[str, str]) -> None:
    """Write the file with mode 0600; what was there stays until all of the new one is on disk.

    Raises:
        OSError: it can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}={value}" for name, value in variables.items() if value]
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # which makes it with mode 0600
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_HEAD + "\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def checked(path: Path) -> Settings:
    """What programs read from the file.

    Raises:
        SettingsError: they would refuse it.
    """
    settings, _ = load({ENV_FILE: str(path)})
    require_for_work(settings)
    return settings
