"""What every benchmark shares: its options, its result as JSON, and the table made of all results.

A benchmark is a module of this package. It reads its options with `options`, measures a figure and
a baseline in the same run, and ends with `write_result`. The table in docs/performance.md is made
of the JSON files alone, so it can be made anew without measuring. No measuring happens here.

    asked = options(__doc__).parse_args()
    ...
    write_result("normalize", [Row(...)], asked=asked, details={...})
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
DOCUMENT = ROOT / "docs" / "performance.md"

_BEGIN, _END = "<!-- results -->", "<!-- /results -->"
_HEAD = ("| What | Figure | Ratio | Baseline of the same run | Aim | Reached |", "|---" * 6 + "|")
_LOAD_AT_START = os.getloadavg()[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured, in a few words.
        figure: the measured figure with its unit, such as "3,100/s, p99 31 ms".
        ratio: the figure by its baseline.
        baseline: what the baseline is, with its figure.
        aim: what was to be reached, such as "ratio ≥ 0.5, p99 ≤ 50 ms".
        reached: whether it was.
        why: if not, what the limit is.
    """

    what: str
    figure: str
    ratio: float
    baseline: str
    aim: str
    reached: bool
    why: str = ""


def options(description: str | None) -> argparse.ArgumentParser:
    """The options all benchmarks take; add others to it, then parse.

    `quick` asks for a few seconds' smoke form, whose figures mean nothing. `results` names another
    folder for the JSON file.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a few seconds; figures mean nothing")
    parser.add_argument("--results", type=Path, help="another folder for the JSON result")
    return parser


def results_folder(asked: argparse.Namespace) -> Path:
    """Where these options put results: those of a smoke test stay apart."""
    named: Path | None = asked.results
    return named or (RESULTS / "quick" if asked.quick else RESULTS)


def write_result(
    name: str,
    rows: Sequence[Row],
    *,
    asked: argparse.Namespace,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write `name`.json where the options ask for it, and print the rows.

    `details` is whatever else was measured, as JSON: medians, rounds, settings.
    """
    result = {
        "machine": machine(),
        "load": {"before": round(_LOAD_AT_START, 1), "after": round(os.getloadavg()[0], 1)},
        "rows": [asdict(row) for row in rows],
        "details": details or {},
    }
    folder = results_folder(asked)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    for row in rows:
        verdict = "reached" if row.reached else "NOT reached"
        sys.stdout.write(
            f"{row.what}: {row.figure}; ratio {row.ratio:.3g} to {row.baseline}; "
            f"aim {row.aim}: {verdict}\n"
        )
    sys.stdout.flush()


def machine() -> dict[str, str | int]:
    """This machine, as far as figures depend on it; nothing that names it."""
    return {
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1,
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return f"{next(named, 'unknown')} ({platform.machine()})"


def table(results: Path, names: Sequence[str]) -> str:
    """The results of these benchmarks as Markdown; one without a result is left out."""
    parts: list[str] = []
    shown = None
    for name in names:
        path = results / f"{name}.json"
        result = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if "rows" not in result:
            continue
        if result["machine"] != shown:
            shown = result["machine"]
            parts.extend(["", _machine_line(shown), "", *_HEAD])
        parts.extend(_line(Row(**row), busy=_busy(result)) for row in result["rows"])
    return "\n".join(parts[1:])


def _machine_line(shown: Mapping[str, Any]) -> str:
    return (
        f"{shown['cores']} cores of {shown['processor']}, {shown['system']}, "
        f"Python {shown['python']}; load generator, program and servers share them."
    )


def _busy(result: Mapping[str, Any]) -> str:
    """What to say of figures that others disturbed; nothing where the machine was quiet."""
    load: float = result["load"]["before"]
    return "" if load <= result["machine"]["cores"] else f" (at a load of {load:.0f})"


def _line(row: Row, *, busy: str) -> str:
    reached = "yes" if row.reached else f"no: {row.why}" if row.why else "no"
    cells = (row.what, row.figure + busy, f"{row.ratio:.3g}", row.baseline, row.aim, reached)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def with_table(document: str, made: str) -> str:
    """The document with the table between its markers replaced.

    Raises:
        ValueError: the markers are not there.
    """
    head, begun, rest = document.partition(_BEGIN)
    _, ended, tail = rest.partition(_END)
    if not begun or not ended:
        raise ValueError("the document has no place for the results")
    return f"{head}{_BEGIN}\n{made}\n{_END}{tail}"
