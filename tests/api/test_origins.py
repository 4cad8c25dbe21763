"""Where a person may be sent after linking: an open redirect would lend our name to phishing."""

import pytest

from api.origins import may_return_to, origin_of, with_query

ORIGINS = frozenset({"https://crm.example", "http://localhost:3000"})


@pytest.mark.parametrize(
    "address",
    [
        "https://crm.example/linked?org=1",
        "https://crm.example",
        "https://CRM.example:443/x",
        "http://localhost:3000/",
    ],
)
def test_named_origins_are_allowed(address: str) -> None:
    """Case and the usual port do not change an origin."""
    assert may_return_to(address, ORIGINS)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/linked",
        "//crm.example/x",
        "http://crm.example/",
        "https://crm.example:8443/",
        "https://crm.example.evil.example/",
        "https://evil.example/https://crm.example",
        "https://crm.example@evil.example/",
        "https://evil.example\\@crm.example/",
        "https://crm.example\\.evil.example/",
        "https://crm.exam\tple/",
        "javascript:alert(1)",
        "https:crm.example",
        "https:///crm.example",
        "https://crm.example:x/",
        "https://[::1/",
        "https://crm.example/" + "x" * 2000,
    ],
)
def test_everything_else_is_refused(address: str) -> None:
    """Each of these has fooled some check of this kind."""
    assert not may_return_to(address, ORIGINS)


def test_no_origin_is_allowed_by_default() -> None:
    """Who wants to be returned to says so in the settings."""
    assert not may_return_to("https://crm.example/", frozenset())


def test_ipv6_origin_keeps_its_brackets() -> None:
    """Compared as text, so both sides must be written alike."""
    assert origin_of("http://[::1]:3000/x") == "http://[::1]:3000"


def test_names_are_added_to_the_query_that_is_there() -> None:
    """The caller's own parameters must come back."""
    address = with_query("https://crm.example/a?x=1&y=#top", [("tenant_id", "t 1")])

    assert address == "https://crm.example/a?x=1&y=&tenant_id=t+1#top"
