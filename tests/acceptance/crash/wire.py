"""PostgreSQL's wire protocol, as far as needed to see which step a program is about to take.

Reads both directions of one connection and changes nothing. Not a client: whatever it does not
understand passes as it is. Format: PostgreSQL's documentation, "Frontend/Backend Protocol".
"""

import struct
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TypeAlias

_ENCRYPTIONS = frozenset({80_877_103, 80_877_104})  #: codes where a version would stand: TLS, GSS
_HEAD = struct.Struct("!BI")  #: a message's kind and length, which counts itself
_FIRST = struct.Struct("!II")  #: of the first packet, which has no kind: length and version


class Happened(Enum):
    """On which side of the database's work a moment lies."""

    ASKED = "asked"  #: the statement is about to reach the database
    DONE = "done"  #: the database has finished it; the program is about to learn that


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of a program's conversation with the database.

    Attributes:
        statement: its text, blanks and line ends as single blanks.
        tag: what it did, such as "UPDATE 3"; empty where it was only asked for, and where the
            program wanted its first rows alone.
        transaction: statements that the open transaction has completed before this one; empty
            where the statement is a transaction of its own, which then is over once it is done.
    """

    happened: Happened
    statement: str
    tag: str
    transaction: tuple[str, ...]

    @property
    def is_commit(self) -> bool:
        """Whether the statement ends a transaction well."""
        return self.statement.upper().rstrip(";") == "COMMIT"

    def settles(self, words: str) -> bool:
        """Whether it makes a statement with these words last: that one itself, or its COMMIT."""
        if not self.transaction:
            return words in self.statement
        return self.is_commit and any(words in each for each in self.transaction)


@dataclass(frozen=True, slots=True)
class Step:
    """Bytes to hand on, all of whole messages, and the moment that the last of them brings."""

    data: bytes
    moment: Moment | None = None


#: Reads one message: its kind, and where in the bytes it begins and ends.
_Reader: TypeAlias = Callable[[int, bytearray, int, int], Sequence[Moment]]


class Conversation:
    """One connection between a program and the database."""

    def __init__(self) -> None:
        self.begun = False  #: until then the program may have asked for encryption
        self._from_program = bytearray()
        self._from_database = bytearray()
        self._statements: dict[bytes, str] = {}
        self._portals: dict[bytes, str] = {}
        self._asked: list[str] = []  # since the last Sync
        self._answering: deque[list[str]] = deque()  # one list for each answer ReadyForQuery ends
        self._is_open = False  # a transaction that was begun, as of the last ReadyForQuery
        self._transaction: list[str] = []
        self._alone: list[Moment] = []  # done outside of one: they last from ReadyForQuery on

    def of_program(self, data: bytes) -> Iterator[Step]:
        """What the program sends; requests to encrypt are left out (see `wants_encryption`)."""
        self._from_program += data
        if not self.begun:
            yield from self._first_packet()
        if self.begun:
            yield from self._messages(self._from_program, self._asking)

    def of_database(self, data: bytes) -> Iterator[Step]:
        """What the database sends."""
        self._from_database += data
        yield from self._messages(self._from_database, self._answer)

    def wants_encryption(self, data: bytes) -> bool:
        """Whether these first bytes ask for encryption, to which "N" is the answer that refuses."""
        return (
            not self.begun and len(data) == _FIRST.size and _FIRST.unpack(data)[1] in _ENCRYPTIONS
        )

    def _first_packet(self) -> Iterator[Step]:
        buffer = self._from_program
        if len(buffer) >= _FIRST.size and len(buffer) >= (length := _FIRST.unpack_from(buffer)[0]):
            self.begun = True
            packet = bytes(buffer[:length])
            del buffer[:length]
            yield Step(packet)

    def _messages(self, buffer: bytearray, read: _Reader) -> Iterator[Step]:
        """Whole messages, as many together as lie between two moments."""
        start = at = 0
        while len(buffer) - at >= _HEAD.size:
            kind, length = _HEAD.unpack_from(buffer, at)
            end = at + 1 + length
            if end > len(buffer):
                break
            moments = read(kind, buffer, at + _HEAD.size, end)
            at = end
            for moment in moments:
                yield Step(bytes(buffer[start:at]), moment)
                start = at
        if at > start:
            yield Step(bytes(buffer[start:at]))
        del buffer[:at]

    def _asking(self, kind: int, buffer: bytearray, start: int, end: int) -> Sequence[Moment]:
        match chr(kind):
            case "P":
                name, text, _ = bytes(buffer[start:end]).split(b"\0", 2)
                self._statements[name] = text.decode()
            case "B":
                portal, name, _ = bytes(buffer[start:end]).split(b"\0", 2)
                self._portals[portal] = self._statements.get(name, "")
            case "E":
                portal = bytes(buffer[start:end]).partition(b"\0")[0]
                self._asked.append(self._portals.get(portal, ""))
                return (self._moment(Happened.ASKED, self._asked[-1]),)
            case "S":
                self._answering.append(self._asked)
                self._asked = []
            case "Q":
                text = bytes(buffer[start : end - 1])
                self._answering.append([text.decode()])
                return (self._moment(Happened.ASKED, self._answering[-1][0]),)
        return ()

    def _answer(self, kind: int, buffer: bytearray, start: int, end: int) -> Sequence[Moment]:
        match chr(kind):
            case "C" | "s":  # complete, or suspended after as many rows as were wanted
                tag = bytes(buffer[start : end - 1]).decode()
                moment = self._moment(Happened.DONE, self._answered(), tag)
                if not self._is_open:
                    self._alone.append(moment)
                    return ()
                self._transaction.append(moment.statement)
                return (moment,)
            case "I":
                self._answered()
            case "Z":
                if self._answering:
                    self._answering.popleft()
                self._is_open = buffer[start:end] != b"I"
                alone, self._alone = self._alone, []
                self._transaction += [each.statement for each in alone]
                if not self._is_open:
                    self._transaction = []
                return alone
        return ()

    def _answered(self) -> str:
        """The statement whose end has come; of a text of several, all of them stand for each."""
        asked = self._answering[0] if self._answering else self._asked
        if not asked:
            return ""
        return asked.pop(0) if len(asked) > 1 else asked[0]

    def _moment(self, happened: Happened, text: str, tag: str = "") -> Moment:
        return Moment(happened, _plain(text), tag, tuple(self._transaction))


@lru_cache(maxsize=1024)
def _plain(text: str) -> str:
    return " ".join(text.split())
