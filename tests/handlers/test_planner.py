"""The cheapest reads for what is due."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.planner import (
    BYTES_PER_ITEM,
    CATCH_UP_FROM,
    CATCH_UP_FROM_SINGLES,
    CATCH_UP_OVERLAP,
    CATCH_UP_SPAN,
    CatchUpRead,
    IdsRead,
    ListRead,
    Plan,
    SingleRead,
    plan,
)
from storage.notices import Notice
from tests.handlers.answers import COMPANY, CONTACT, INVOICE, NOW
from tests.handlers.notices import notice
from unified.resource import Endpoint
from unified.resources import resource

ENDPOINTS = {each.endpoint.path: each.endpoint for each in (COMPANY, CONTACT, INVOICE)}
PLENTY = 100


def many(count: int, **changes: object) -> list[Notice]:
    """So many notices of invoices."""
    return [notice(f"{changes}{number}", **changes) for number in range(count)]


def planned(
    due: Sequence[Notice], *, budget: int = PLENTY, endpoint: Endpoint | None = None
) -> Plan:
    """The plan for these, perhaps with one endpoint changed."""
    endpoints = ENDPOINTS if endpoint is None else {**ENDPOINTS, endpoint.path: endpoint}
    return plan(due, endpoints, budget=budget)


def test_nothing_due_costs_nothing() -> None:
    """Nor do notices of endpoints that nobody carries."""
    assert planned([]) == planned(many(3, endpoint="Quotes")) == Plan((), 0, 0, 0)


def test_one_thing_is_read_alone() -> None:
    """By its own address."""
    [due] = many(1)

    result = planned([due])

    assert result.calls == (SingleRead(INVOICE.endpoint, due),)
    assert (result.predicted_calls, result.predicted_bytes, result.left) == (1, BYTES_PER_ITEM, 0)


def test_several_of_a_list_in_one_piece_share_it() -> None:
    """The whole list costs one call, and so would each of them alone; a proof is still alone."""
    accounts = resource("account").endpoint
    due = many(2, endpoint="Accounts")
    [proof] = many(1, endpoint="Accounts", single_read=True)

    result = planned([*due, proof], endpoint=accounts)

    assert result.calls == (ListRead(accounts, tuple(due)), SingleRead(accounts, proof))
    assert planned(due[:1], endpoint=accounts).calls == (SingleRead(accounts, due[0]),)


def test_several_are_read_by_ids_up_to_40_a_call() -> None:
    """The address may not grow past what Xero takes."""
    result = planned(many(79))

    assert [len(call.notices) for call in result.calls if isinstance(call, IdsRead)] == [40, 39]
    assert len(result.calls) == 2


def test_one_left_over_is_read_alone() -> None:
    """A batch of one would tell less about what is missing."""
    result = planned(many(41))

    assert [type(call) for call in result.calls] == [IdsRead, SingleRead]


def test_many_are_caught_up_with_by_time() -> None:
    """From 80 on, one read by time is cheaper than two by ids."""
    earlier = notice("early", hinted_at=NOW - timedelta(minutes=5))

    result = planned([earlier, *many(CATCH_UP_FROM - 1)])

    [call] = result.calls
    assert isinstance(call, CatchUpRead)
    assert call.since == NOW - timedelta(minutes=5) - CATCH_UP_OVERLAP
    assert len(call.notices) == CATCH_UP_FROM


def test_those_without_time_do_not_keep_the_others_from_catching_up() -> None:
    """A read by time can't be relied on to meet what no webhook announced."""
    result = planned([*many(CATCH_UP_FROM), *many(2, hinted_at=None, origin="linked")])

    assert [type(call) for call in result.calls] == [CatchUpRead, IdsRead]
    assert [len(c.notices) for c in result.calls if not isinstance(c, SingleRead)] == [80, 2]


def test_those_of_long_ago_do_not_make_everything_since_be_read() -> None:
    """A dead letter tried again after months is read by its id."""
    ancient = notice("ancient", hinted_at=NOW - CATCH_UP_SPAN - timedelta(seconds=1))

    result = planned([ancient, *many(CATCH_UP_FROM)])

    assert [type(call) for call in result.calls] == [CatchUpRead, SingleRead]
    assert isinstance(result.calls[0], CatchUpRead)
    assert result.calls[0].since == NOW - CATCH_UP_OVERLAP


def test_many_of_long_ago_and_few_of_now_go_by_ids() -> None:
    """Neither part alone is worth a read by time."""
    old = NOW - CATCH_UP_SPAN * 2

    result = planned([*many(60, hinted_at=old), *many(40)])

    assert {type(call) for call in result.calls} == {IdsRead}


@pytest.mark.parametrize("count", [2, 200])
def test_where_nothing_but_single_reads_exists_each_is_read_alone(count: int) -> None:
    """Endpoints without ids filter and without a stamp."""
    bare = replace(INVOICE.endpoint, ids_filter=False, where_id_or=False, modified_since=False)

    result = planned(many(count), endpoint=bare, budget=count)

    assert {type(call) for call in result.calls} == {SingleRead}
    assert len(result.calls) == count


def test_things_that_cannot_be_asked_for_by_ids_are_caught_up_with_sooner() -> None:
    """Of credits, each read alone is a call: from three on, one read by time is cheaper."""
    credits_ = replace(INVOICE.endpoint, ids_filter=False, where_id_or=False)

    few = planned(many(CATCH_UP_FROM_SINGLES - 1), endpoint=credits_)
    more = planned(many(CATCH_UP_FROM_SINGLES), endpoint=credits_)
    untold = planned(many(CATCH_UP_FROM_SINGLES, hinted_at=None), endpoint=credits_)

    assert [type(call) for call in few.calls] == [SingleRead] * 2
    assert [type(call) for call in more.calls] == [CatchUpRead]
    assert [type(call) for call in untold.calls] == [SingleRead] * 3


def test_where_ids_can_only_be_asked_for_by_where_batches_are_smaller() -> None:
    """Each id takes more of the address there."""
    payments = replace(INVOICE.endpoint, ids_filter=False)

    result = planned(many(36), endpoint=payments)

    assert [len(call.notices) for call in result.calls if isinstance(call, IdsRead)] == [18, 18]


def test_what_must_be_read_alone_is() -> None:
    """After an ambiguous answer, or a batch that failed."""
    result = planned([notice("alone", single_read=True), *many(2)])

    assert [type(call) for call in result.calls] == [IdsRead, SingleRead]


def test_endpoint_that_has_nothing_finer_is_listed_once() -> None:
    """The organisation."""
    due = many(3, endpoint="Organisation")

    assert planned(due).calls == (ListRead(COMPANY.endpoint, tuple(due)),)


def test_spent_budget_serves_most_first() -> None:
    """What is left waits, and is counted."""
    contact = notice("c", endpoint="Contacts")

    result = planned([contact, *many(41)], budget=1)

    assert [type(call) for call in result.calls] == [IdsRead]
    assert (result.predicted_calls, result.left) == (1, 2)
    assert result.predicted_bytes == 40 * BYTES_PER_ITEM


def test_no_budget_reads_nothing() -> None:
    """All of it is left."""
    assert planned(many(3), budget=0) == Plan((), 0, 0, 3)


def test_children_are_read_one_parent_at_a_time() -> None:
    """There is no list of all, and none by ids; that nothing is single does not matter."""
    below = replace(INVOICE.endpoint, path="Attachments", single=False, children=("Invoices",))
    due = [notice(f"Invoices:{number}", endpoint="Attachments") for number in range(100)]

    calls = planned(due, endpoint=below).calls

    assert len(calls) == 100
    assert all(isinstance(call, SingleRead) for call in calls)


def test_what_lists_do_not_tell_is_read_one_by_one() -> None:
    """A list of contact groups is one call for all of them, and says who is in none."""
    groups = resource("contact_group").endpoint
    due = [notice(f"{number}", endpoint=groups.path) for number in range(5)]

    calls = planned(due, endpoint=groups).calls

    assert calls == tuple(SingleRead(groups, each) for each in due)
