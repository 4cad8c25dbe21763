"""Makes the example records of the OpenAPI document, for resources that have none yet:
`python -m tests.contract.examples`. They are golden records of these tests, whole as they are read.
"""

from pathlib import Path

from api.openapi.examples import FOLDER
from tests.contract.schemas import golden_records
from unified.schemas.committed import as_text


def keep_examples() -> list[Path]:
    """Write what is missing; what is there stays as it is."""
    written = []
    for kind, _, record in golden_records():
        path = FOLDER / f"{kind.name}.json"
        if not path.exists():
            path.write_text(as_text(record), encoding="utf-8")
            written.append(path)
    return written


if __name__ == "__main__":
    keep_examples()
