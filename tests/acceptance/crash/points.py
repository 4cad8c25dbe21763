"""The named points at which programs are killed, each told by a statement or by what it left.

A point is a question about a program's conversation with its database (see `wire`). The texts are
the product's own: one that changes makes its point unreachable, and the test fails saying so.
"""

import random
from dataclasses import dataclass

from tests.acceptance.crash.proxy import Question
from tests.acceptance.crash.wire import Happened, Moment


@dataclass(frozen=True, slots=True)
class Point:
    """Where a program is killed.

    Attributes:
        role: the program.
        name: as the figures show it; the part of the program, and what it has and has not done.
        question: fits the moment; None: at random moments.
        holds: killed at the moment itself; else up to `AFTER_S` later.
        share: how many of a hundred kills happen here.
    """

    role: str
    name: str
    share: int
    question: Question | None = None
    holds: bool = True


def asked(words: str) -> Question:
    """The statement with these words has not reached the database."""
    return lambda moment: moment.happened is Happened.ASKED and words in moment.statement


def done(words: str) -> Question:
    """The statement with these words has changed or found rows, and nobody has been told."""
    return lambda moment: (
        moment.happened is Happened.DONE
        and words in moment.statement
        and not moment.tag.endswith(" 0")
    )


def before(words: str) -> Question:
    """What the statement with these words did is all done, and would be rolled back now."""
    return lambda moment: moment.happened is Happened.ASKED and moment.settles(words)


def after(words: str) -> Question:
    """What the statement with these words did is there to stay, and the program does not know."""
    return lambda moment: moment.happened is Happened.DONE and moment.settles(words)


def changes_the_schema(moment: Moment) -> bool:
    """The first statement of a migration."""
    return moment.happened is Happened.ASKED and moment.statement.startswith(
        ("ALTER ", "CREATE ", "DROP ")
    )


_DELIVERY = "INSERT INTO delivery"
_EVENT = "INSERT INTO event"
_RELAYED = "UPDATE event SET relayed_at"
_UNRELAYED = "FROM event WHERE shard = $1 AND relayed_at IS NULL"
_CLAIM = 'UPDATE "authorization" SET refresh_claim = $3'
_STORE = 'UPDATE "authorization" SET tokens = $4'
_CRM_OFFSET = "INSERT INTO crm_offset"
_CRM_CLEAR = "UPDATE crm_invoice AS i SET dirty ="
_VERSION = "UPDATE alembic_version"

RECEIVER = (
    Point("receiver", "at random", 11),
    Point("receiver", "committed, not answered", 12, done(_DELIVERY)),
)
MIDST = Point("handlers", "relay: sent, not acknowledged", 8, done(_UNRELAYED), holds=False)
CLAIMED = Point("handlers", "token refresh: claimed, not asked for", 4, done(_CLAIM))
RENEWED = Point("handlers", "token refresh: renewed by Xero, not stored", 4, asked(_STORE))
HANDLERS = (
    Point("handlers", "at random", 14),
    Point("handlers", "fetched, not committed", 11, before(_EVENT)),
    Point("handlers", "committed, not known", 6, after(_EVENT)),
    Point("handlers", "relay: acknowledged, not marked", 8, asked(_RELAYED)),
    Point("handlers", "relay: marked, not known", 2, after(_RELAYED)),
    MIDST,
    CLAIMED,
    RENEWED,
)
CRM = (
    Point("crm", "at random", 6),
    Point("crm", "read, not committed", 4, before(_CRM_OFFSET)),
    Point("crm", "status sent, still marked", 4, asked(_CRM_CLEAR)),
    Point("crm", "mark cleared, not known", 2, after(_CRM_CLEAR)),
)
MIGRATION = (
    Point("receiver", "migration: begun", 1, changes_the_schema),
    Point("handlers", "migration: changed, not noted", 1, asked(_VERSION)),
    Point("crm", "migration: noted, not committed", 1, before(_VERSION)),
    Point("receiver", "migration: committed, not known", 1, after(_VERSION)),
)


def schedule(kills: int, rng: random.Random) -> list[Point]:
    """So many kills besides those of migrations, at each point at least one, in random order."""
    points = (*RECEIVER, *HANDLERS, *CRM)
    whole = sum(point.share for point in points)
    wanted = kills - len(MIGRATION)
    chosen = [p for p in points for _ in range(max(1, wanted * p.share // whole))]
    chosen += rng.choices(points, [point.share for point in points], k=wanted - len(chosen))
    rng.shuffle(chosen)
    return chosen
