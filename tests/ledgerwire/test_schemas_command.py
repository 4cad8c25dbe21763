"""`ledgerwire schemas export` as a person types it."""

import json
from pathlib import Path

from tests.acceptance.programs import Shell


async def test_schemas_are_written_into_a_folder(tmp_path: Path) -> None:
    """Without a database, a broker or any setting: whoever consumes needs none of ours."""
    shell = Shell({})

    ended = await shell.run("schemas", "export", str(tmp_path / "new" / "contracts"))

    assert ended.code == 0, ended.err
    written = {path.name: path for path in (tmp_path / "new" / "contracts").iterdir()}
    assert ended.out == f"{len(written)} files in {tmp_path / 'new' / 'contracts'}\n"
    event = json.loads(written["accounting.invoice.v1.0.0.json"].read_text())
    [side, _] = event["properties"]["after"]["anyOf"]
    assert side["$ref"] in written
    assert json.loads(written["asyncapi.json"].read_text())["asyncapi"].startswith("3.")


async def test_folder_that_is_a_file_is_bad_usage(tmp_path: Path) -> None:
    """Nothing is overwritten, and the person is told."""
    there = tmp_path / "contracts"
    there.write_text("mine")

    ended = await Shell({}).run("schemas", "export", str(there))

    assert ended.code == 2
    assert there.read_text() == "mine"
