"""What changes mean of things that move money at a bank: they end, or a statement confirms them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

_ENDED: Final[Mapping[str, str]] = {"void": "voided", "deleted": "deleted"}


def bank_facts(name: str) -> Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]]:
    """The facts of one kind of thing, whose resource has this name."""

    def facts_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
        was, status = before["status"], after["status"]
        if status in _ENDED:
            return [] if was == status else [f"{name}.{_ENDED[status]}"]
        if after["is_reconciled"] and not before["is_reconciled"]:
            return [f"{name}.reconciled"]
        if before["is_reconciled"] and after["is_reconciled"] is False:
            return [f"{name}.unreconciled"]
        return []

    return facts_of
