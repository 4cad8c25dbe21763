"""What a look at one dependency found: a sentence, and what to do where something is to be done."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

FAILED, UNREACHABLE = 1, 3


class Verdict(StrEnum):
    """How it is."""

    OK = "ok"
    NOTE = "note"  # works, and somebody should know
    BAD = "bad"  # answers, and not as it must
    AWAY = "away"  # does not answer


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `remedy` is empty where nothing is to be done."""

    part: str  #: webhook, xero, kafka or database
    verdict: Verdict
    what: str
    remedy: str = ""


def exit_code(findings: Iterable[Finding]) -> int:
    """3 where something does not answer, else 1 where something is bad, else 0."""
    verdicts = {each.verdict for each in findings}
    if Verdict.AWAY in verdicts:
        return UNREACHABLE
    return FAILED if Verdict.BAD in verdicts else 0
