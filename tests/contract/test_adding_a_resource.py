"""docs/adding-a-resource.md, walked: one file and one line carry a resource from Xero to events."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unified.books import NZ
from unified.ids import record_id

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "adding-a-resource.md").read_text(encoding="utf-8")
FOLDERS = ("api", "crm", "docs", "handlers", "ledgerwire", "oracle", "receiver", "simulator",
           "storage", "tests", "unified", "xero")  # fmt: skip
FILES = ("README.md", "pyproject.toml")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this repository in which the page was followed."""
    copy = tmp_path_factory.mktemp("walked")
    leave = shutil.ignore_patterns("__pycache__", "golden", "mutants")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=leave)
    for file in FILES:
        shutil.copy(ROOT / file, copy / file)
    the_file, the_import, the_line = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    resources = copy / "unified" / "resources"
    (resources / "branding_theme.py").write_text(the_file, encoding="utf-8")
    index = (resources / "__init__.py").read_text(encoding="utf-8")
    beside = "from unified.resources.budget"
    index = index.replace(beside, f"{the_import}{beside}")
    index = index.replace("    TAX_RATE,\n", f"{the_line}    TAX_RATE,\n")
    (resources / "__init__.py").write_text(index, encoding="utf-8")
    return copy


def run(tree: Path, *module: str) -> str:
    """What a module of the copy prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", *module],
        cwd=tree,
        env={"PATH": os.environ["PATH"], "HOME": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_one_file_and_one_line_carry_a_resource(tree: Path, database_url: str) -> None:
    """Read from the simulator, kept in the mirror, told as events, with topics and schemas."""
    printed = run(tree, "tests.contract.walk", database_url, "branding_theme")
    told = json.loads(printed.splitlines()[-1])  # logs come before it

    records: list[dict[str, Any]] = told["records"]
    assert sorted(record["name"] for record in records) == told["in_the_books"] != []
    for record in records:
        tenant = record["tenant_id"]
        assert tenant != NZ.tenant_id
        assert record["id"] == record_id(tenant, "branding_theme", record["remote_id"])
    assert [record["position"] for record in records if record["is_default"]] == [0]
    assert {event["type"] for event in told["events"]} == {
        "io.ledgerwire.accounting.branding_theme.observed.v1"
    }
    assert len(told["events"]) == len(records)
    assert told["topics"] == [
        "xero.accounting.branding-themes.events.v1",
        "xero.accounting.branding-themes.state.v1",
    ]
    assert told["schemas"] == [
        "accounting.branding_theme.record.v1.0.0.json",
        "accounting.branding_theme.v1.0.0.json",
    ]


def test_documents_are_made_as_the_page_says(tree: Path) -> None:
    """Its schemas and its chapter are written, and nothing is left to do by hand."""
    run(tree, "ledgerwire.documents")
    run(tree, "ledgerwire.documents", "--check")

    schemas = tree / "unified" / "schemas"
    assert (schemas / "files" / "accounting.branding_theme.v1.0.0.json").exists()
    assert "accounting.branding-themes.events" in (schemas / "asyncapi.json").read_text()
    assert "## branding_theme\n" in (tree / "docs" / "resources.md").read_text()


def test_file_that_forgets_a_field_can_not_be_imported(tree: Path, tmp_path: Path) -> None:
    """As the page promises: the mistake is named where it was made, at once."""
    shutil.copytree(tree / "unified", tmp_path / "unified")
    path = tmp_path / "unified" / "resources" / "branding_theme.py"
    line = '        Field("position", "SortOrder", INTEGER),\n'
    path.write_text(path.read_text(encoding="utf-8").replace(line, ""), encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-c", "import unified.resources"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "branding_theme: table and model disagree about ['position']" in done.stderr
