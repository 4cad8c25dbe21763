"""Schemas as they were published: files beside this one, each under the name of its version.

A published file never changes its meaning, since records that name it stay on topics for years.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

FOLDER: Final = Path(__file__).parent / "files"
_NAME: Final = re.compile(r"^(?P<family>.+)\.v(?P<version>\d+\.\d+\.\d+)\.json$")


@dataclass(frozen=True, slots=True)
class Published:
    """One version of a schema.

    Attributes:
        family: its name without the version, such as "accounting.invoice.record".
        version: major, minor and patch.
    """

    family: str
    version: tuple[int, int, int]
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """Its file's name."""
        return f"{self.family}.v{'.'.join(map(str, self.version))}.json"


def parsed(name: str, text: bytes) -> Published:
    """A published schema, from its file's name and content.

    Raises:
        ValueError: it is not named like one.
    """
    found = _NAME.match(name)
    if found is None:
        raise ValueError(f"{name} is not named like a version of a schema")
    major, minor, patch = map(int, found["version"].split("."))
    return Published(found["family"], (major, minor, patch), msgspec.json.decode(text))


def published(folder: Path = FOLDER) -> Iterator[Published]:
    """Everything that was published, older versions of a family first."""
    all_of_them = (parsed(path.name, path.read_bytes()) for path in folder.glob("*.json"))
    yield from sorted(all_of_them, key=lambda each: (each.family, each.version))


def as_text(document: dict[str, Any]) -> str:
    """A document as it stands in its file: the same text for the same document."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"
