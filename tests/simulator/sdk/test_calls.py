"""Xero's SDK for Python works against the simulator when it is told another base URL."""

import importlib
import inspect
import re

import pytest
from xero_python.accounting import (
    AccountingApi,
    Contact,
    Contacts,
    CreditNote,
    CreditNotes,
    Invoice,
    Invoices,
)
from xero_python.api_client.oauth2 import TokenApi
from xero_python.exceptions import AccountingBadRequestException, HTTPStatusException

from simulator.resources import ENDPOINTS
from tests.simulator.sdk.calls import CALLS
from tests.simulator.sdk.world import World, running

for module in (
    "calls_bank",
    "calls_documents",
    "calls_files",
    "calls_money",
    "calls_people",
    "calls_promises",
    "calls_reports",
    "calls_settings",
):
    importlib.import_module(f"tests.simulator.sdk.{module}")

# The SDK asks urllib3 for headers in a way that urllib3 has given up since.
pytestmark = pytest.mark.filterwarnings(r"ignore:HTTPResponse\.getheaders?\(\):DeprecationWarning")


def carried() -> dict[str, str]:
    """The SDK's calls for endpoints the simulator has: path by name."""
    found = {}
    for name, call in inspect.getmembers(AccountingApi, inspect.isfunction):
        path = re.search(r'get_resource_url\(\s*"/([^"]+)"', inspect.getsource(call))
        if path is None:
            continue
        whole = path[1].lower()
        if whole in ENDPOINTS or whole.partition("/")[0] in ENDPOINTS:
            found[name] = path[1]
    return found


@pytest.mark.behaviour("Official SDK", "every call for what the simulator carries is tried")
def test_no_call_of_the_sdk_is_missing() -> None:
    """An endpoint the simulator gets brings its calls, or this test says which are missing."""
    assert set(carried()) - set(CALLS) == set()
    assert set(CALLS) - set(carried()) == set()
    assert len(CALLS) >= 117


@pytest.mark.behaviour("Official SDK", "each call works by base URL alone and finds its models")
@pytest.mark.parametrize("name", sorted(CALLS))
def test_call(world: World, name: str) -> None:
    """The call is made, and its answer read by the SDK, is what was to be expected."""
    CALLS[name](world)


@pytest.mark.behaviour("Official SDK", "a refusal raises the SDK's own error with Xero's sentences")
def test_refusal_is_the_sdks_own_error(world: World) -> None:
    """Its error knows the elements and their messages."""
    with pytest.raises(AccountingBadRequestException) as caught:
        world.api.create_contacts(world.tenant, Contacts(contacts=[Contact(name="")]))

    assert caught.value.status == 400
    assert caught.value.error_data["Type"] == "ValidationException"
    assert caught.value.reason == "The contact name must be specified"


@pytest.mark.behaviour("Official SDK", "what is not there raises its 404")
def test_missing_record_is_not_found(world: World) -> None:
    """Xero answers HTML there, which the SDK must not stumble over."""
    with pytest.raises(HTTPStatusException) as caught:
        world.api.get_invoice(world.tenant, "00000000-0000-4000-8000-000000000000")

    assert caught.value.status == 404


@pytest.mark.behaviour("Official SDK", "summarize_errors=False tells good and bad of a batch")
def test_batches_tell_the_fate_of_each(world: World) -> None:
    """The good one is made, the bad one carries its errors."""
    contact = Contact(contact_id=world.contact().contact_id)
    good = Invoice(type="ACCREC", contact=contact, line_items=[world.line()])
    bad = Invoice(type="ACCREC", line_items=[world.line()])

    made = world.api.create_invoices(
        world.tenant, Invoices(invoices=[good, bad]), summarize_errors=False
    ).invoices

    assert [one.status_attribute_string for one in made] == ["OK", "ERROR"]
    assert "Contact" in made[1].validation_errors[0].message


@pytest.mark.behaviour("Official SDK", "an idempotency key makes a call once")
def test_idempotency_key_of_the_sdk(world: World) -> None:
    """The same key and body give the same note."""
    contact = Contact(contact_id=world.contact().contact_id)
    note = CreditNote(type="ACCRECCREDIT", contact=contact, line_items=[world.line()])
    sent, key = CreditNotes(credit_notes=[note]), world.name("key")

    once, again = (
        world.api.create_credit_notes(world.tenant, sent, idempotency_key=key).credit_notes[0]
        for _ in range(2)
    )

    assert once.credit_note_id == again.credit_note_id


@pytest.mark.behaviour("Official SDK", "connections are listed by its identity client")
def test_connections_of_the_identity_client(world: World) -> None:
    """With the tenant that was chosen at consent."""
    shown = world.identity.get_connections()

    assert [one.tenant_id for one in shown] == [world.tenant]
    assert shown[0].tenant_type == "ORGANISATION"


@pytest.mark.behaviour(
    "Official SDK", "its token client refreshes, asks by credentials and revokes"
)
def test_tokens_of_the_sdk(world: World) -> None:
    """Told other addresses, it gets what it expects; a revoked token is refused."""
    other = world.another()
    token_api = TokenApi(other.client, *other.basic)
    token_api.refresh_token_url = f"{other.base_url}/connect/token"
    token_api.client_credentials_token_url = f"{other.base_url}/connect/token"
    token_api.revoke_token_url = f"{other.base_url}/connect/revocation"

    fresh = token_api.refresh_token(other.tokens["refresh_token"], other.tokens["scope"])
    own = token_api.get_client_credentials_token(False)
    other.tokens = {**fresh, "scope": fresh["scope"].split()}
    (shown,) = other.api.get_organisations(other.tenant).organisations

    assert shown.organisation_id == other.tenant
    assert fresh["refresh_token"] != own.get("refresh_token")
    assert own["token_type"] == "Bearer"
    with running() as alone:
        gone = World(alone)
        token_api = TokenApi(gone.client, *gone.basic)
        token_api.revoke_token_url = f"{gone.base_url}/connect/revocation"
        assert token_api.revoke_token(gone.tokens["refresh_token"]) == 200
        gone.client.last_response.close()  # the SDK leaves it open
        with pytest.raises(HTTPStatusException):
            gone.api.get_organisations(gone.tenant)
