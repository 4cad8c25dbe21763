"""Seeds, played by the command that reports them: what it finds, and that it can be repeated."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEEDS = int(os.environ.get("PROOF_SEEDS", "150"))


def played(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def digests(*arguments: str) -> dict[str, str]:
    """Each seed's digest of everything that happened in it."""
    done = played("--digests", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (line.split() for line in done.stdout.splitlines())
    return {words[0]: words[1] for words in lines if len(words) == 2}


@pytest.mark.proof
@pytest.mark.short
@pytest.mark.timeout(60 + 10 * SEEDS)
def test_whatever_goes_wrong_books_mirror_and_topics_agree_in_the_end() -> None:
    """Seeded histories of kills, sleeps, lost messages and broken connections, each healed and
    judged. PROOF_SEEDS says how many (150)."""
    done = played("--seeds", f"1-{SEEDS}", "--jobs", "2")

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]


@pytest.mark.proof
@pytest.mark.short
@pytest.mark.timeout(1200)
def test_a_seed_is_the_same_history_each_time() -> None:
    """Statement by statement, in another process and after other histories: a seed is a bug
    report."""
    first = digests("--seeds", "1-12")
    again = digests("--seeds", "7-12")

    assert {seed: first[seed] for seed in again} == again
    assert len(set(first.values())) == 12
