"""Every operation by which Xero lets one change something is offered, or listed with its reason."""

from pathlib import Path

import yaml

from tests.simulator.published import shared
from unified.resources import RESOURCES, operations_of
from unified.unoffered import UNOFFERED

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "resources.md").read_text(encoding="utf-8")
CHANGING = frozenset({"post", "put", "delete"})


def offered() -> dict[str, list[str]]:
    """Ours by Xero's operation."""
    found: dict[str, list[str]] = {}
    for source in RESOURCES:
        for command in operations_of(source):
            for theirs in command.operations(source.endpoint):
                found.setdefault(theirs, []).append(f"{source.name}.{command.name}")
    return found


def test_no_operation_of_xeros_is_forgotten_or_invented() -> None:
    """Whoever plans a migration must be able to rely on the list."""
    described = shared("openapi", "xero_accounting.yaml").read_text(encoding="utf-8")
    paths = yaml.load(described, Loader=yaml.CSafeLoader)["paths"]
    published = {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
        if method in CHANGING
    }

    assert len(published) == 109
    assert published == {*offered(), *UNOFFERED}


def test_nothing_is_offered_and_refused_at_once() -> None:
    """A reason for what is there would be a mistake in one of both."""
    assert set() == set(offered()) & set(UNOFFERED)


def test_each_of_them_stands_on_the_page() -> None:
    """The page is where people look, and it is generated."""
    for theirs, ours in offered().items():
        assert f"`{theirs}`" in PAGE
        for name in ours:
            assert f"| `{name}` |" in PAGE
    for theirs, reason in UNOFFERED.items():
        assert f"| `{theirs}` | {reason} |" in PAGE
