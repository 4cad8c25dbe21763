"""Each planted bug applies to the product as it is now, and is noticed by the tests it names.

What a bug breaks is copied and broken there; the tree itself stays as it is.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATCHES = sorted(Path(__file__).parent.glob("*.patch"))
FAILED = 1  #: pytest's exit code where tests ran and some failed
LONGEST_S = 300


@dataclass(frozen=True)
class Mutant:
    """One planted bug."""

    patch: Path
    rule: str
    found_by: tuple[str, ...]

    @classmethod
    def read(cls, patch: Path) -> "Mutant":
        """Read a patch's heading."""
        heading, _, _ = patch.read_text(encoding="utf-8").partition("diff --git ")
        told = dict(line.split(": ", 1) for line in heading.splitlines() if ": " in line)
        return cls(patch, told["Rule"], tuple(told["Found by"].split()))


def applied(patch: Path, tree: Path, *options: str) -> None:
    """Apply a patch to a tree that need not be a repository."""
    done = subprocess.run(
        ["git", "apply", *options, str(patch)],  # noqa: S607  # wherever git is
        cwd=tree,
        env={"GIT_CEILING_DIRECTORIES": str(tree.parent), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{patch.name} no longer applies: {done.stderr}"


@pytest.fixture
def copied_tree(tmp_path: Path) -> Iterator[Path]:
    """The project's own files, in a folder where they may be broken; gone afterwards, since pytest
    would keep a copy for each bug."""
    left_out = shutil.ignore_patterns(".*", "__pycache__", "images", "results")
    tree = Path(shutil.copytree(ROOT, tmp_path / "tree", ignore=left_out))
    yield tree
    shutil.rmtree(tree)


def test_there_are_enough_of_them() -> None:
    """Ten kinds of bugs at least, each with a rule of its own to break."""
    assert len({Mutant.read(patch).rule for patch in PATCHES}) >= 10


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_mutant_fits_the_product(patch: Path) -> None:
    """A patch that no longer applies would prove nothing, so it must be renewed."""
    applied(patch, ROOT, "--check")


@pytest.mark.proof
@pytest.mark.timeout(LONGEST_S + 60)
@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_mutant_is_found(patch: Path, copied_tree: Path) -> None:
    """The named tests fail on the broken copy; passing on the product is the suite's work."""
    mutant = Mutant.read(patch)
    applied(patch, copied_tree)
    # Parsing source as a run ends (to render a traceback, to import a plugin's report) now and then
    # ends Python 3.11 with a SystemError of its own: a test's line says by then how it went.
    options = ["-v", "-x", "--tb=no", "-p", "no:randomly", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *mutant.found_by],
        cwd=copied_tree,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    assert ran.returncode == FAILED, f"{mutant.rule} was broken unseen:\n{ran.stdout[-2000:]}"
    assert "FAILED" in ran.stdout, ran.stdout[-2000:]
