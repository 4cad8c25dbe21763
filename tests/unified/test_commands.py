"""What is asked of Xero for each command: addresses, bodies, and when it is legal."""

from typing import Any

import pytest

from unified.commands import MOST, After, Command, Kind, Request
from unified.resource import DenormalizeError, Resource
from unified.resources import RESOURCES, by_endpoint, operations_of

KNOWN = {"remote_id": "11111111-2222-4333-8444-555555555555", "status": "open"}
ID = KNOWN["remote_id"]
OTHER = "99999999-2222-4333-8444-555555555555"


def of(path: str, name: str) -> tuple[Resource, Command]:
    """A command of a source, by the endpoint's path."""
    source = by_endpoint(path)
    assert source is not None
    return source, next(each for each in operations_of(source) if each.name == name)


def asked(path: str, name: str, /, **words: Any) -> Request:
    """What is sent for a thing that is known."""
    source, command = of(path, name)
    return command.request(source.endpoint, KNOWN, words)


def test_move_sends_the_status_and_the_id_alone() -> None:
    """Whatever else the mirror knows might be behind what Xero has."""
    expected = Request(
        method="POST",
        parts=("Invoices", ID),
        body={"Invoices": [{"InvoiceID": ID, "Status": "VOIDED"}]},
        query={"unitdp": "4"},
    )

    assert expected == asked("Invoices", "void")


@pytest.mark.parametrize("path", ["Payments", "BatchPayments", "BankTransfers"])
def test_money_is_deleted_by_its_status_alone(path: str) -> None:
    """Xero refuses a deletion that says anything more (Xero: Payments)."""
    assert Request(method="POST", parts=(path, ID), body={"Status": "DELETED"}) == asked(
        path, "delete"
    )


def test_address_takes_what_the_path_names() -> None:
    """Xero's id of it, and nothing of ours."""
    removed = asked("CreditNotes", "remove_allocation", allocation_id=OTHER)
    left = asked("ContactGroups", "remove_member", contact_id=OTHER)
    option = asked("TrackingCategories", "rename_option", tracking_option_id=OTHER, name="North")

    assert Request(method="DELETE", parts=("CreditNotes", ID, "Allocations", OTHER)) == removed
    assert Request(method="DELETE", parts=("ContactGroups", ID, "Contacts", OTHER)) == left
    assert option.parts == ("TrackingCategories", ID, "Options", OTHER)
    assert option.body == {"Name": "North"}


@pytest.mark.parametrize(
    ("path", "key"),
    [("CreditNotes", "CreditNote"), ("Prepayments", "Prepayment"), ("Overpayments", "Overpayment")],
)
def test_refund_is_a_payment_of_the_credit(path: str, key: str) -> None:
    """Under Xero's name of its kind."""
    source, _ = of(path, "refund")
    words = {"account": {"code": "090"}, "amount": "20.00", "date": "2026-11-02"}
    expected = {
        key: {source.endpoint.id_key: ID},
        "Account": {"Code": "090"},
        "Amount": "20.00",
        "Date": "2026-11-02",
    }

    assert Request(method="PUT", parts=("Payments",), body={"Payments": [expected]}) == asked(
        path, "refund", **words
    )


@pytest.mark.parametrize(
    ("path", "name", "words", "wrong"),
    [
        ("CreditNotes", "refund", {"account": {}, "amount": "1", "date": "2026-11-02"}, "/account"),
        ("CreditNotes", "allocate", {"target": {"remote_id": OTHER}, "amount": "0",
                                     "date": "2026-11-02"}, "/amount"),
        ("CreditNotes", "allocate", {"target": {}, "amount": "1", "date": "2026-11-02"}, "/target"),
        ("Invoices", "add_note", {"details": ""}, "/details"),
        ("ContactGroups", "add_members", {}, "/members"),
    ],
)  # fmt: skip
def test_what_xero_would_refuse_is_refused(
    path: str, name: str, words: dict[str, Any], wrong: str
) -> None:
    """With the way to it in the caller's words."""
    with pytest.raises(DenormalizeError) as caught:
        asked(path, name, **words)

    assert caught.value.path == wrong


def test_many_are_judged_each_by_itself() -> None:
    """One alone is refused as a whole; settings are taken bare, one at a time."""
    invoices, create = of("Invoices", "create")
    accounts, bare = of("Accounts", "create")

    two = create.creation(invoices.endpoint, [{"Type": "ACCREC"}, {"Type": "ACCPAY"}])
    one = bare.creation(accounts.endpoint, [{"Code": "200"}])

    assert two.query == {"unitdp": "4", "summarizeErrors": "false"}
    assert two.body == {"Invoices": [{"Type": "ACCREC"}, {"Type": "ACCPAY"}]}
    assert Request(method="PUT", parts=("Accounts",), body={"Code": "200"}) == one
    assert (create.most, bare.most) == (MOST, 1)


def test_each_removal_leaves_from_states_of_its_own() -> None:
    """DELETE takes the first that is legal, so none may hide another one for good."""
    for source in RESOURCES:
        ways = source.removals()
        for number, way in enumerate(ways):
            earlier = [each.legal_in for each in ways[:number]]
            assert None not in earlier, source
            if way.legal_in is not None:
                hidden = frozenset().union(*(each for each in earlier if each is not None))
                assert not way.legal_in <= hidden, (source, way.name)


def test_names_and_addresses_are_unique_within_a_resource() -> None:
    """Else one could not be asked for."""
    for source in RESOURCES:
        commands = operations_of(source)
        assert len({each.name for each in commands}) == len(commands)
        own = [(each.method, each.at) for each in commands if each.kind is Kind.COMMAND]
        assert len(set(own)) == len(own), source


def test_what_a_command_names_stands_in_both_addresses() -> None:
    """In ours, and in Xero's by the same word."""
    for source in RESOURCES:
        for command in operations_of(source):
            if command.is_file:
                continue
            for named in command.named:
                assert f"{{{named.name}}}" in command.at
                words = {each.name: OTHER for each in command.named}
                parts = command.request(source.endpoint, KNOWN, {**words, "name": "x"}).parts
                assert OTHER in parts, command.name


def test_what_is_gone_is_read_nowhere() -> None:
    """Only items vanish without a word."""
    gone = [
        (source.name, each.name)
        for source in RESOURCES
        for each in source.operations
        if each.after is After.GONE
    ]

    assert gone == [("item", "delete")]
