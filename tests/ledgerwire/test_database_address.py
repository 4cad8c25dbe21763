"""The database's address: taken, refused and shown without giving its password away."""

import pytest

from ledgerwire.settings import SettingsError, load
from ledgerwire.settings_rules import database_address, without_password


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ledgerwire:secret@db.example:5432/ledgerwire",
        "postgresql://ledgerwire:se%2Fcr%40et@db.example/ledgerwire",
        "postgres://db.example",
        "postgresql:///ledgerwire?host=/run/postgresql&user=ledgerwire",
        "postgresql://u:secret@[::1]:5432/db?sslmode=verify-full",
        "postgresql://u:secret@one.example:5432,two.example:5433/db",
        "embedded",
    ],
)
def test_usual_addresses_are_taken(address: str) -> None:
    """With or without password, port, options, sockets and spare hosts."""
    assert database_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:hush/word@db.example/db",
        "postgresql://u:hush?word@db.example/db",
        "postgresql://u:hush#word@db.example/db",
        "postgresql://u:word@hush@db.example/db",
        "postgresql://db.example:hush/db",
        "postgresql://db.example/db?hush",
        "postgresql://u:[hush@db.example/db",
        "mysql://u:hush@db.example/db",
    ],
)
def test_a_password_that_spills_over_is_refused_and_not_quoted(address: str) -> None:
    """A driver would take a piece of it for a port or an option and say it aloud."""
    with pytest.raises(SettingsError) as refused:
        load({"LEDGERWIRE_DATABASE_URL": address})

    assert "LEDGERWIRE_DATABASE_URL is wrong" in str(refused.value)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://u:hush@db:1/d", "postgresql://u:********@db:1/d"),
        ("postgresql://u:hush/x@db/d", "postgresql://u:********@db/d"),
        ("postgresql://u:hush?x@db/d", "postgresql://u:********@db/d"),
        ("postgresql://db/d?user=u&password=hush&a=b", "postgresql://db/d?user=u&password=********&a=b"),
        ("postgresql://db/d?sslpassword=hush", "postgresql://db/d?sslpassword=********"),
        ("postgresql://u@db:1/d", "postgresql://u@db:1/d"),
        ("postgresql://db:1/d", "postgresql://db:1/d"),
        ("embedded", "embedded"),
    ],
)  # fmt: skip
def test_a_shown_address_hides_its_password_wherever_it_stands(address: str, shown: str) -> None:
    """Before the host, among the options, and even where it was written wrongly."""
    assert without_password(address) == shown
