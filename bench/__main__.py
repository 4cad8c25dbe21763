"""Run benchmarks by name, all of them unless some are named: `python -m bench normalize receive`.

Each runs in a process of its own, so that none warms up for another. Afterwards the table in
docs/performance.md is made anew from the results; `--table` does that alone. With `--quick` each
takes seconds, and its figures, which mean nothing, go to a folder of their own.
"""

import subprocess
import sys
from importlib.util import find_spec

from bench.report import DOCUMENT, RESULTS, options, results_folder, table, with_table

#: In the order of the table.
BENCHMARKS = (
    "receive",
    "latency",
    "backfill",
    "several",
    "normalize",
    "payment_status",
    "list",
    "create",
    "proxy",
    "feed",
    "memory",
    "tenants",
)


def main() -> int:
    """Run what is asked for; returns an exit code, the worst of them all."""
    parser = options(__doc__)
    parser.add_argument("--table", action="store_true", help="only make the table anew")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(BENCHMARKS)}")
    asked = parser.parse_args()
    if unknown := sorted(set(asked.names) - set(BENCHMARKS)):
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    folder, worst = results_folder(asked), 0
    for name in () if asked.table else asked.names or BENCHMARKS:
        if find_spec(f"bench.{name}") is None:
            continue
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        command = [sys.executable, "-m", f"bench.{name}", "--results", str(folder)]
        command += ["--quick"] if asked.quick else []
        worst = max(worst, subprocess.run(command, check=False).returncode)  # noqa: S603  # ours
    if folder == RESULTS:
        document = DOCUMENT.read_text(encoding="utf-8")
        made = with_table(document, table(folder, BENCHMARKS))
        DOCUMENT.write_text(made, encoding="utf-8")
    return worst


if __name__ == "__main__":
    sys.exit(main())
