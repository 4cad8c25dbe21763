"""Run benchmarks by name, all of them unless some are named: `python -m bench normalize`."""

import subprocess
import sys

BENCHMARKS = ("normalize", "receive")


def main(names: list[str]) -> int:
    """Run each in a process of its own, so that none warms up for another."""
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}\n")
        return 2
    worst = 0
    for name in names or BENCHMARKS:
        sys.stdout.write(f"\n== {name}\n")
        sys.stdout.flush()
        done = subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False)  # noqa: S603  # ours
        worst = max(worst, done.returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
