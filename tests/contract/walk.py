"""What becomes of a resource that was just added, in the tree where that was done.

Run by test_adding_a_resource in a copy of this repository, on a database of its own. Prints one
line of JSON.
"""

import asyncio
import json
import sys

from ledgerwire.schemas import current
from storage.database import Database
from tests.handlers.rig import running
from unified.resources import resource
from unified.topics import all_topics


async def walk(database_url: str, name: str) -> dict[str, object]:
    """Link an organisation, read its books, and tell what there is of the resource."""
    kind = resource(name)
    db = await Database.connect(database_url)
    try:
        async with running(db, ("Organisation", kind.endpoint.path)) as rig:
            await rig.work()
            records = await db.fetch("SELECT unified FROM record WHERE resource = $1", name)
            events = await db.fetch("SELECT value FROM event WHERE resource = $1", name)
            books = rig.books.ledger.reference.themes
            return {
                "records": [json.loads(row["unified"]) for row in records],
                "events": [json.loads(row["value"]) for row in events],
                "in_the_books": sorted(theme.name for theme in books),
                "schemas": [each for each in current() if name in each],
                "topics": [topic.name for topic in all_topics("xero")
                           if kind.topic_part in topic.name],
            }  # fmt: skip
    finally:
        await db.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(walk(sys.argv[1], sys.argv[2]))))  # noqa: T201  # its only output
