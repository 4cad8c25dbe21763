"""Documents and code say the same."""

from pathlib import Path

import click
import pytest

from ledgerwire.cli import cli
from ledgerwire.documents import main, with_section

ROOT = Path(__file__).parent.parent.parent


def test_generated_parts_are_as_the_code_has_them() -> None:
    """Whoever changes a setting changes the README in the same commit."""
    assert main(["--check"], ROOT) == 0


def test_stale_part_is_found_and_mended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The comparison has teeth."""
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- settings -->\nold\n<!-- /settings -->\nafter\n")

    readme.write_text("<!-- commands -->\n<!-- /commands -->\n" + readme.read_text())
    (tmp_path / "docs").mkdir()
    simulator = tmp_path / "docs" / "simulator.md"
    simulator.write_text(
        "<!-- endpoints -->\n<!-- /endpoints -->\n<!-- behaviours -->\n<!-- /behaviours -->\n"
    )

    assert main(["--check"], tmp_path) == 1
    stale = "README.md (settings), docs/simulator.md (endpoints), docs/simulator.md (behaviours)"
    assert stale in capsys.readouterr().out
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert "before\n<!-- settings -->\n| Name" in readme.read_text()
    assert readme.read_text().endswith("<!-- /settings -->\nafter\n")


def test_part_without_markers_is_an_error() -> None:
    """A lost marker must not mean that nothing is compared any more."""
    with pytest.raises(ValueError, match="no part named settings"):
        with_section("nothing here", "settings", "content")


def _commands(group: click.Group, path: str = "ledgerwire") -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in group.commands.items():
        found.append((f"{path} {name}", command))
        if isinstance(command, click.Group):
            found.extend(_commands(command, f"{path} {name}"))
    return found


@pytest.mark.parametrize(("path", "command"), _commands(cli))
def test_every_command_helps_with_an_example(path: str, command: click.Command) -> None:
    """`--help` tells what it does and shows it once."""
    context = click.Context(command, info_name=path)

    told = command.get_help(context)

    assert "Example:" in told
    assert "ledgerwire" in told


@pytest.mark.parametrize(
    "path", [path for path, command in _commands(cli) if not isinstance(command, click.Group)]
)
def test_every_command_is_in_the_readme(path: str) -> None:
    """A command that no document names does not exist for its users."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert f"`{path}" in readme


def test_every_decision_has_its_parts() -> None:
    """A decision says what was turned down, too."""
    for record in sorted((ROOT / "docs" / "decisions").glob("*.md")):
        text = record.read_text(encoding="utf-8")
        for part in ("Status:", "## Context", "## Decision", "## Consequences", "## Turned down"):
            assert part.lower() in text.lower(), f"{record.name} has no {part}"
