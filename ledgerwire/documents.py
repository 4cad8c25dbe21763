"""Parts of documents that are made from code: written by `python -m ledgerwire.documents`, and
compared by `--check`, so that no document can tell something that the code does not do."""

import sys
from collections.abc import Callable
from pathlib import Path

from ledgerwire.settings import settings_table

GENERATED: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("README.md", "settings", settings_table),
)


def with_section(text: str, name: str, content: str) -> str:
    """The document with the part between its markers replaced.

    Raises:
        ValueError: the markers are not there.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, found, rest = text.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"no part named {name}")
    return f"{head}{begin}\n{content}\n{end}{tail}"


def main(arguments: list[str], root: Path) -> int:
    """Write the generated parts below `root`; with `--check` only compare. Returns an exit code."""
    stale = []
    for file, name, make in GENERATED:
        path = root / file
        old = path.read_text(encoding="utf-8")
        new = with_section(old, name, make())
        if new == old:
            continue
        stale.append(f"{file} ({name})")
        if "--check" not in arguments:
            path.write_text(new, encoding="utf-8")
    if stale and "--check" in arguments:
        print(f"Not as the code has it: {', '.join(stale)}. Run python -m ledgerwire.documents")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent.parent))
