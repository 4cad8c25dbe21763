"""docs/rest.md leads a new user right: its commands work, one after the other, as they stand."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from storage.database import Database
from tests.api.writing.rig import writing
from tests.contract.test_fuzzing import served

PAGE = Path(__file__).parents[2] / "docs" / "rest.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
NEEDED = ("bash", "curl", "jq", "sed")


@pytest.mark.skipif(
    any(shutil.which(each) is None for each in NEEDED), reason=f"needs {', '.join(NEEDED)}"
)
async def test_commands_of_the_page_work(database: Database) -> None:
    """In one shell, against the api with books that were read; any that fails ends it."""
    script = "\n".join(["set -euo pipefail", *BLOCKS])
    async with writing(database) as it, served(it, "read", "write", "proxy") as api:
        key = api.headers["Authorization"].removeprefix("Bearer ")
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", script,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LEDGERWIRE": api.url, "KEY": key},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(100):
            told, _ = await shell.communicate()
        made = [each for each in it.ledger.invoices if each.reference.startswith("order 1017")]

    text = told.decode()
    assert shell.returncode == 0, text
    assert "body_refused" in text
    assert len(made) == 1, "the dry run sent nothing, and the creation was done once"
    assert (made[0].reference, made[0].status) == ("order 1017, second part", "AUTHORISED")


def test_page_has_what_a_user_needs() -> None:
    """A chapter for each thing, with a command in it."""
    chapters = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]

    assert len(chapters) >= 6
    for chapter in chapters:
        assert "```sh" in chapter, chapter.splitlines()[0]
