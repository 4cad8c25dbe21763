"""The way back to a linked organisation from each state that is not, in words and as an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.link_rules import CONNECT_PATH, LinkRules
from unified.ids import TenantId

LINK_AGAIN: Final = "link_again"
GRANT_MORE: Final = "grant_more"
WAIT: Final = "wait"

_LOST = {
    "needs_reauth": "Xero no longer takes the consent: it was withdrawn, or unused for 60 days. "
    "Reading stands still, and nothing is lost",
    "vanished": "Somebody disconnected the app in Xero, or it was a demo company that was reset. "
    "What was read stays",
    "disconnected": "It was unlinked here. What was read stays until it is erased",
    "erased": "All that was kept of it was erased on request",
}


@dataclass(frozen=True, slots=True)
class Remedy:
    """What somebody has to do.

    Attributes:
        action: `link_again`, `grant_more` or `wait`: programs decide by it.
        detail: why, and what to do, in sentences for a person.
        address: to open in a browser, by somebody who may consent for the organisation; None
            where there is nothing to open.
    """

    action: str
    detail: str
    address: str | None


def remedy_of(
    tenant_id: TenantId, state: str, *, missing: Sequence[str], rules: LinkRules
) -> Remedy | None:
    """The way back from `state`; None where nothing is to be done.

    Args:
        missing: scopes that the consent does not cover and this installation asks for.
    """
    if state == "erasing":
        told = "It is being erased on request; then it can be linked anew, from nothing."
        return Remedy(WAIT, told, None)
    if state == "linked":
        if not missing:
            return None
        told = f"The consent does not cover {', '.join(missing)}: consent again to add that."
        return Remedy(GRANT_MORE, told, rules.again(tenant_id))
    if not rules.by_browser:
        told = f"{_LOST[state]}. Once it is authorised in Xero's portal, it links by itself."
        return Remedy(WAIT, told, None)
    address = rules.again(tenant_id)
    if state == "erased":
        address = rules.address(CONNECT_PATH) if rules.bare else None
        return Remedy(LINK_AGAIN, f"{_LOST[state]}. It can be linked anew, from nothing.", address)
    told = f"{_LOST[state]}. Somebody who may consent for the organisation opens the address."
    return Remedy(LINK_AGAIN, told, address)
