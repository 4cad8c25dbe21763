"""Scopes asked for at consent."""

from dataclasses import replace

from tests.xero.endpoints import CONTACTS, INVOICES, ORGANISATION
from xero.scopes import (
    app_scopes_for,
    asks_to_write,
    chosen_app_scopes,
    chosen_scopes,
    missing_scopes,
    scopes_for,
)

ENDPOINTS = (CONTACTS, INVOICES, ORGANISATION)


def test_default_scopes_are_granular_and_reading() -> None:
    """We ask for what we read and nothing more."""
    assert scopes_for(ENDPOINTS) == (
        "openid",
        "profile",
        "email",
        "offline_access",
        "accounting.contacts.read",
        "accounting.invoices.read",
        "accounting.settings.read",
    )


def test_broad_scopes_serve_old_apps() -> None:
    """Apps made before March 2026 do not know the granular ones."""
    scopes = chosen_scopes("broad", ENDPOINTS)

    assert "accounting.transactions.read" in scopes
    assert "accounting.invoices.read" not in scopes
    assert "broad" not in scopes


def test_setting_adds_scopes_once() -> None:
    """Who may read journals says so."""
    scopes = chosen_scopes("accounting.journals.read, openid", ENDPOINTS)

    assert scopes[-1] == "accounting.journals.read"
    assert len(set(scopes)) == len(scopes)


def test_write_asks_for_scopes_that_write_and_so_read() -> None:
    """Whoever only reads should not be trusted with more; whoever writes needs no second scope."""
    granular = chosen_scopes("granular, write", ENDPOINTS)
    broad = chosen_app_scopes("broad write", ENDPOINTS)
    budgets = replace(INVOICES, scope_granular="accounting.budgets.read")

    assert granular[4:] == ("accounting.contacts", "accounting.invoices", "accounting.settings")
    assert broad == ("accounting.contacts", "accounting.settings", "accounting.transactions")
    assert chosen_app_scopes("write", (budgets,)) == ("accounting.budgets.read",)
    assert (asks_to_write("granular,write"), asks_to_write("granular")) == (True, False)


def test_write_does_not_ask_for_what_few_may_have() -> None:
    """With or without its ending, asking for it would make the whole consent fail."""
    journals = replace(INVOICES, scope_granular="accounting.journals")
    payroll = replace(INVOICES, scope_granular="payroll.employees")

    assert app_scopes_for((journals, payroll), write=True) == ()


def test_consent_that_only_reads_lacks_what_writes() -> None:
    """So that people learn before the first refused write."""
    reading, writing = app_scopes_for(ENDPOINTS), app_scopes_for(ENDPOINTS, write=True)

    assert missing_scopes(reading, ENDPOINTS, write=True) == writing
    assert missing_scopes(writing, ENDPOINTS, write=True) == ()
    assert missing_scopes(["accounting.transactions", *writing[::2]], ENDPOINTS, write=True) == ()


def test_client_credentials_ask_for_no_identity() -> None:
    """There is no person whose profile could be read."""
    assert not {"openid", "offline_access"} & set(app_scopes_for(ENDPOINTS))


def test_missing_scopes_are_those_that_nothing_held_covers() -> None:
    """A broad scope, or one that writes, is as good as the granular one that reads."""
    granular = app_scopes_for(ENDPOINTS)
    broad = app_scopes_for(ENDPOINTS, broad=True)

    assert missing_scopes(granular, ENDPOINTS) == missing_scopes(broad, ENDPOINTS) == ()
    assert missing_scopes(["accounting.contacts", *broad[1:]], ENDPOINTS) == ()
    assert missing_scopes(granular[1:], ENDPOINTS) == ("accounting.contacts.read",)
    assert missing_scopes((), ENDPOINTS) == granular


def test_scopes_that_few_may_have_are_neither_asked_for_nor_missed() -> None:
    """Where they are not granted, asking makes the whole consent fail; others are missed."""
    journals = replace(INVOICES, scope_granular="accounting.journals", gated=True)
    payroll = replace(INVOICES, scope_granular="payroll.employees", gated=True)
    files = replace(INVOICES, scope_granular="accounting.attachments", gated=True)

    assert app_scopes_for((journals, payroll)) == ()
    assert missing_scopes((), (journals, payroll)) == ()
    assert missing_scopes((), (files,)) == ("accounting.attachments.read",)
