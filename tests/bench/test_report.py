"""Results of benchmarks as JSON and as a table; and that the cheap benchmarks run at all."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from bench.__main__ import BENCHMARKS
from bench.report import DOCUMENT, RESULTS, Row, machine, options, table, with_table, write_result

HALF = Row(
    what="Doing | nothing",
    figure="2/s",
    ratio=0.5,
    baseline="nothing | 4/s",
    aim="≥ 0.6",
    reached=False,
    why="there is more to it",
)

#: Quick in their quick form.
CHEAP = ("receive", "memory", "tenants", "normalize", "create", "proxy", "feed", "list")


def written(folder: Path, name: str, *rows: Row) -> None:
    """Let a benchmark of this name end with these rows, on a quiet machine."""
    asked = options(None).parse_args(["--results", str(folder)])
    write_result(name, rows, asked=asked)
    path = folder / f"{name}.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    result["load"] = {"before": 0.0, "after": 0.0}
    path.write_text(json.dumps(result), encoding="utf-8")


def test_table_is_made_of_what_was_written(tmp_path: Path) -> None:
    """In the order of names, one line per row, with one head for one machine."""
    written(tmp_path, "second", HALF)
    written(tmp_path, "first", HALF, HALF)

    lines = table(tmp_path, ["first", "missing", "second"]).splitlines()

    assert lines[0].startswith(f"{machine()['cores']} cores of ")
    assert lines[4:] == [
        "| Doing / nothing | 2/s | 0.5 | nothing / 4/s | ≥ 0.6 | no: there is more to it |"
    ] * 3  # fmt: skip


def test_each_machine_has_a_head_of_its_own(tmp_path: Path) -> None:
    """Figures of two machines never stand in one table."""
    written(tmp_path, "first", HALF)
    written(tmp_path, "second", HALF)
    path = tmp_path / "second.json"
    other = json.loads(path.read_text(encoding="utf-8"))
    other["machine"]["cores"] = 999
    path.write_text(json.dumps(other), encoding="utf-8")

    lines = table(tmp_path, ["first", "second"]).splitlines()

    assert [line.split()[0] for line in lines if " cores of " in line] == [
        str(machine()["cores"]),
        "999",
    ]


@pytest.mark.parametrize(("load", "shown"), [(0.2, "2/s"), (27.4, "2/s (at a load of 27)")])
def test_busy_machine_is_told(tmp_path: Path, load: float, shown: str) -> None:
    """A figure that was taken while others used the processor says so."""
    written(tmp_path, "only", HALF)
    path = tmp_path / "only.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    result["machine"]["cores"], result["load"]["before"] = 2, load
    path.write_text(json.dumps(result), encoding="utf-8")

    assert table(tmp_path, ["only"]).splitlines()[-1].split(" | ")[1] == shown


def test_machine_tells_no_name() -> None:
    """A document that anybody may read says what the machine is, not which."""
    assert sorted(machine()) == ["cores", "processor", "python", "system"]


def test_document_without_a_place_is_refused() -> None:
    """Nothing is overwritten by guess."""
    with pytest.raises(ValueError, match="no place"):
        with_table("# Performance", "| a |")


def test_document_shows_the_results_that_are_kept() -> None:
    """Nobody writes figures by hand: `python -m bench --table` makes the table."""
    document = DOCUMENT.read_text(encoding="utf-8")

    assert document == with_table(document, table(RESULTS, BENCHMARKS))


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", CHEAP)
async def test_cheap_benchmark_runs(name: str, tmp_path: Path) -> None:
    """In its quick form; figures of so short a run mean nothing, so only their being is asked."""
    command = (sys.executable, "-m", "bench", "--quick", "--results", str(tmp_path), name)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    said, errors = await process.communicate()

    assert process.returncode == 0, errors.decode()[-2000:]
    result = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
    assert result["rows"]
    assert all(row["ratio"] > 0 for row in result["rows"])
    assert result["rows"][0]["what"] in said.decode()
