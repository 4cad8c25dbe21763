"""The table of what the simulator does is read from its tests, and from nothing else."""

from pathlib import Path

import pytest

from ledgerwire.behaviours import CHAPTERS, TESTS, Behaviour, behaviours, behaviours_table

MARKED = '''
import pytest

@pytest.mark.behaviour("{chapter}", "{sentence}")
async def test_it() -> None:
    """Shows it."""
'''


def write(folder: Path, name: str, chapter: str = "Lists", sentence: str = "ends empty") -> None:
    """One file with one marked test."""
    (folder / name).write_text(MARKED.format(chapter=chapter, sentence=sentence))


def test_marks_are_read_by_chapter(tmp_path: Path) -> None:
    """Chapters come in their own order, whatever the files are called."""
    write(tmp_path, "test_a.py", "Faults", "half a body")
    write(tmp_path, "test_b.py")

    assert behaviours(tmp_path) == [
        Behaviour("Lists", "ends empty", "test_b.py::test_it"),
        Behaviour("Faults", "half a body", "test_a.py::test_it"),
    ]


def test_mark_may_have_a_short_name(tmp_path: Path) -> None:
    """As `behaviour = pytest.mark.behaviour` gives it."""
    write(tmp_path, "test_a.py")
    path = tmp_path / "test_a.py"
    path.write_text(path.read_text().replace("@pytest.mark.behaviour", "@behaviour"))

    assert [one.sentence for one in behaviours(tmp_path)] == ["ends empty"]


def test_chapter_may_be_a_name_of_the_module(tmp_path: Path) -> None:
    """A file about one chapter names it once."""
    (tmp_path / "test_a.py").write_text(
        'HERE = "Items"\n@behaviour(HERE, "has a code")\ndef test_it() -> None:\n    pass\n'
    )

    assert behaviours(tmp_path) == [Behaviour("Items", "has a code", "test_a.py::test_it")]


@pytest.mark.parametrize("mark", ['("Nowhere", "x")', '("Lists")', '("Lists", name)'])
def test_marks_that_say_nothing_are_refused(tmp_path: Path, mark: str) -> None:
    """A misspelt chapter must not make a behaviour vanish from the table."""
    (tmp_path / "test_a.py").write_text(
        f"@pytest.mark.behaviour{mark}\ndef test_it() -> None:\n    pass\n"
    )

    with pytest.raises(ValueError, match=r"test_a\.py::test_it"):
        behaviours(tmp_path)


def test_behaviour_is_claimed_once(tmp_path: Path) -> None:
    """Two tests of one sentence would count it twice."""
    write(tmp_path, "test_a.py")
    write(tmp_path, "test_b.py")

    with pytest.raises(ValueError, match="says the same"):
        behaviours(tmp_path)


def test_table_names_tests_that_exist() -> None:
    """Each row leads to a function of that name."""
    table = behaviours_table().replace("\\|", "|")
    for one in behaviours():
        file, _, name = one.test.partition("::")
        assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8")
        assert one.chapter in CHAPTERS
        assert one.sentence in table
