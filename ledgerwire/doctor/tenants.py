"""Does Xero still let us read the organisations that are linked, all that was consented to?"""

from collections.abc import Sequence

from ledgerwire.doctor.finding import Finding, Verdict
from ledgerwire.settings import variable
from ledgerwire.wiring.xero import XeroSide, readable_endpoints
from storage.authorizations import authorization_of
from storage.errors import SecretsUnreadable, StorageError
from storage.tenants import TenantSummary, tenants
from xero.errors import ConsentRevoked, TenantRefused, XeroError
from xero.scopes import missing_scopes

PART = "xero"
AGAIN = "Open the address that `ledgerwire link` prints, and consent again"

NOT_LOOKED = Finding(
    PART, Verdict.NOTE, "Organisations were not looked at, for want of the database",
    "`ledgerwire doctor database` says why",
)  # fmt: skip


async def check_tenants(xero: XeroSide, *, write: bool) -> list[Finding]:
    """Each organisation by its state, then each token set by what Xero says to it; `write`: what
    was consented to has to let us write, too."""
    try:
        found = await tenants(xero.database)
    except StorageError:
        return [NOT_LOOKED]
    if not found:
        return [_finding(Verdict.NOTE, "No organisation is linked yet",
                         "`ledgerwire link` prints the address to open")]  # fmt: skip
    findings = [_unlinked(each) for each in found if each.state != "linked"]
    by_authorization: dict[str | None, list[TenantSummary]] = {}
    for each in found:
        if each.state == "linked":
            by_authorization.setdefault(each.authorization_id, []).append(each)
    for group in by_authorization.values():
        findings.extend(await _check_group(xero, group, write=write))
    return findings


def _unlinked(each: TenantSummary) -> Finding:
    named = each.name or each.id
    if each.state == "disconnected":
        return _finding(Verdict.NOTE, f"{named} was unlinked here, so nothing is read for it")
    why = {
        "needs_reauth": "Xero refuses its tokens, so a person must consent again",
        "vanished": "somebody disconnected our app in Xero, or it was a demo company that was "
        "reset",
    }.get(each.state, "its data are being erased")
    return _finding(Verdict.BAD, f"{named} is {each.state}: {why}",
                    AGAIN)  # fmt: skip


async def _check_group(
    xero: XeroSide, group: Sequence[TenantSummary], *, write: bool
) -> list[Finding]:
    """The organisations of one token set: whether Xero lists them, and what was consented to."""
    names = ", ".join(each.name or each.id for each in group)
    try:
        token = await xero.tokens.access_token(group[0].id)
        listed = {each.tenant_id for each in await xero.connections.list(token)}
        held = (await authorization_of(xero.database, group[0].id, xero.box)).tokens.scopes
    except (XeroError, StorageError) as error:
        return [_trouble(names, error)]
    findings = []
    gone = [each.name or each.id for each in group if each.id not in listed]
    if gone:
        findings.append(
            _finding(Verdict.BAD, f"Xero lists no connection to {', '.join(gone)} any more", AGAIN)
        )
    missing = missing_scopes(held, readable_endpoints(), write=write)
    if missing:
        findings.append(
            _finding(Verdict.BAD, f"The consent of {names} does not cover {', '.join(missing)}, so "
                     f"some of the books can't be read{' or written' if write else ''}", AGAIN)
        )  # fmt: skip
    return findings or [_finding(Verdict.OK, f"Xero lets us read {names}")]


def _trouble(names: str, error: XeroError | StorageError) -> Finding:
    if isinstance(error, SecretsUnreadable):
        return _finding(
            Verdict.BAD, f"The tokens of {names} can't be opened",
            f"Add the key they were encrypted with to {variable('secret_keys')}",
        )  # fmt: skip
    if isinstance(error, ConsentRevoked | TenantRefused):
        return _finding(Verdict.BAD, f"Xero refuses the tokens of {names}", AGAIN)
    return _finding(Verdict.AWAY, f"{names} could not be asked for ({type(error).__name__})",
                    "Try again in a minute")  # fmt: skip


def _finding(verdict: Verdict, what: str, remedy: str = "") -> Finding:
    return Finding(PART, verdict, what, remedy)
