"""Which organisation is meant on the command line, and by whose word."""

from dataclasses import dataclass

import pytest

from ledgerwire.failures import WrongUsage
from ledgerwire.naming import named_tenant
from storage.database import Database
from tests.storage.makers import link
from unified.ids import TenantId


@dataclass(frozen=True)
class Called:
    """An organisation's names."""

    external_id: str | None = None
    verified: bool = False
    name: str | None = None


async def _linked(db: Database, called: Called) -> TenantId:
    tenant_id = await link(db)
    await db.execute(
        "UPDATE tenant SET external_id = $2, external_id_verified = $3, name = $4 WHERE id = $1",
        tenant_id, called.external_id, called.verified, called.name,
    )  # fmt: skip
    return tenant_id


async def test_organisation_can_be_named_as_people_name_it(database: Database) -> None:
    """By id, by its own name, by the external id; two of one name need the id."""
    kea = await _linked(database, Called("customer-42", name="Kea"))
    for name in (kea.upper(), "customer-42", "Kea"):
        assert (await named_tenant(database, name)).id == kea

    await _linked(database, Called(name="Kea"))
    with pytest.raises(WrongUsage, match="2 organisations are called Kea"):
        await named_tenant(database, "Kea")
    with pytest.raises(WrongUsage, match="There is no organisation Kaka"):
        await named_tenant(database, "Kaka")


@pytest.mark.parametrize("verified", [False, True])
async def test_id_is_taken_before_any_name(
    database: Database, capsys: pytest.CaptureFixture[str], *, verified: bool
) -> None:
    """Else whoever links his books under another's id could have them taken for the other's, or
    put the other out of reach."""
    meant = await _linked(database, Called())
    await _linked(database, Called(meant, verified=verified, name=meant))

    capsys.readouterr()  # what linking logged

    assert (await named_tenant(database, meant)).id == meant
    assert capsys.readouterr() == ("", "")


async def test_name_that_a_program_gave_is_taken_before_one_that_anybody_gave(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """At an open `/connect` anybody writes any name, and in Xero anybody calls himself as he
    likes."""
    meant = await _linked(database, Called("customer-42", verified=True))
    await _linked(database, Called("customer-42"))
    await _linked(database, Called(name="customer-42"))
    capsys.readouterr()  # what linking logged

    assert (await named_tenant(database, "customer-42")).id == meant
    assert capsys.readouterr() == ("", "")


async def test_two_verified_names_that_are_equal_need_the_id(database: Database) -> None:
    """A customer may have several organisations."""
    for _ in range(2):
        await _linked(database, Called("customer-42", verified=True))

    with pytest.raises(WrongUsage, match="2 organisations are called customer-42"):
        await named_tenant(database, "customer-42")


@pytest.mark.parametrize("called", [Called("customer-42"), Called(name="customer-42")])
async def test_name_that_nobody_vouches_for_is_said_to_be_one(
    database: Database, capsys: pytest.CaptureFixture[str], called: Called
) -> None:
    """Whoever makes a key for it should know whose books it may open; beside what is printed."""
    meant = await _linked(database, called)
    capsys.readouterr()  # what linking logged

    assert (await named_tenant(database, "customer-42")).id == meant
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("Nobody vouches for the name customer-42")
    assert meant in err
