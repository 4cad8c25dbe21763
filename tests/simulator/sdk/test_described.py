"""What the simulator answers to each of the SDK's calls is as Xero's API description has it."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from xero_python.exceptions import HTTPStatusException
from xero_python.rest import RESTClientObject

from simulator.resources import ENDPOINTS
from tests.figures import Figure
from tests.simulator.published import Description, description, shared
from tests.simulator.sdk.calls import CALLS
from tests.simulator.sdk.calls_bank import batch, journal, transfer
from tests.simulator.sdk.test_calls import carried
from tests.simulator.sdk.world import World

# The SDK asks urllib3 for headers in a way that urllib3 has given up since.
pytestmark = pytest.mark.filterwarnings(r"ignore:HTTPResponse\.getheaders?\(\):DeprecationWarning")

_ROW = re.compile(r"\[\d+\]")


@dataclass(frozen=True)
class Answer:
    """What came back for one call of the SDK; `operation` is its id in lower case."""

    operation: str
    status: int
    media_type: str
    body: bytes


class Listening(RESTClientObject):  # type: ignore[misc]  # the SDK has no types
    """The SDK's own transport, which notes each answer under the call that was made."""

    def __init__(self, configuration: Any) -> None:
        super().__init__(configuration)
        self.operation = ""
        self.heard: list[Answer] = []

    def request(self, *args: Any, **kwargs: Any) -> Any:
        """Send as ever, and note what came."""
        try:
            answer = super().request(*args, **kwargs)
        except HTTPStatusException as error:
            self._hear(error.http_resp)
            raise
        self._hear(answer)
        return answer

    def _hear(self, answer: Any) -> None:
        media_type = answer.urllib3_response.headers.get("Content-Type", "")
        self.heard.append(Answer(self.operation, answer.status, media_type, answer.data))


class Named:
    """The SDK's client, telling the transport which call is made."""

    def __init__(self, api: Any, listening: Listening) -> None:
        self._api = api
        self._listening = listening

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._api, name)

        def made(*args: Any, **kwargs: Any) -> Any:
            self._listening.operation = name.replace("_", "")
            return call(*args, **kwargs)

        return made


def listen(world: World) -> Listening:
    """Note all that a caller is answered from now on."""
    listening = Listening(world.client.configuration)
    world.client.rest_client = listening
    world.api = Named(world.api, listening)
    return listening


def faults(known: Description, answer: Answer) -> Iterator[str]:
    """What of an answer is not as described."""
    described = known.answer(answer.operation, answer.status)
    if described is None and answer.status == 404 and answer.media_type.startswith("text/html"):
        return  # what is not there is a sentence of HTML everywhere; few descriptions say so
    if described is None:
        yield f"{answer.operation} {answer.status}: not described"
        return
    schema = known.schema(described)
    if schema is None:
        if answer.body and answer.media_type.startswith("application/json"):
            yield f"{answer.operation} {answer.status}: a body where none is described"
        return
    for fault in known.faults(schema, json.loads(answer.body)):
        yield f"{answer.operation} {answer.status}{_ROW.sub('[]', fault)}"


def examples() -> dict[str, Any]:
    """The body of each published 200 example, by operation id in lower case."""
    found = {}
    for path in sorted(shared("examples").glob("*.json")):
        example = json.loads(path.read_text(encoding="utf-8"))
        body = example.get("responseExamples", {}).get("200")
        if isinstance(body, dict):
            found[example["operationId"].lower()] = body
    return found


def shapes(value: Any, at: str = "") -> dict[str, set[str]]:
    """The kinds of values by where they stand; rows of a list stand in one place."""
    found: dict[str, set[str]] = {}
    if isinstance(value, dict):
        for key, inner in value.items():
            _merge(found, shapes(inner, f"{at}.{key}"))
    elif isinstance(value, list):
        for inner in value:
            _merge(found, shapes(inner, f"{at}[]"))
    found.setdefault(at, set()).add(_kind(value))
    return found


def _merge(found: dict[str, set[str]], more: dict[str, set[str]]) -> None:
    for path, kinds in more.items():
        found.setdefault(path, set()).update(kinds)


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "date" if value.startswith("/Date(") else "text"
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, int | float) else type(value).__name__


FLAWED: dict[str, set[str]] = {
    ".Budgets": {"list"},
    ".Invoice": {"dict"},
    ".Payments[].BatchPayment.IsReconciled": {"flag"},
    ".Payments[].BatchPayment.TotalAmount": {"number"},
}
"""One budget stands in a list, which an example has as an object; so do removed allocations with
their invoice. What a payment shows of its batch stands in texts, which the description has as a
number and a flag."""


def expected(known: Description) -> set[str]:
    """The ids of all described operations on what the simulator carries."""
    paths = {name: path.strip("/").lower() for name, (_, path, _) in known.operations.items()}
    return {
        name
        for name, path in paths.items()
        if path in ENDPOINTS or path.partition("/")[0] in ENDPOINTS
    }


def refused(call: Callable[[World], Any]) -> Callable[[World], Any]:
    """A call that is refused, whose answer is validated as well."""

    def made(world: World) -> None:
        with pytest.raises(HTTPStatusException):
            call(world)

    return made


OTHERS: tuple[Callable[[World], Any], ...] = (
    lambda world: world.api.get_invoices(world.tenant),
    lambda world: world.api.get_invoices(world.tenant, summary_only=True),
    lambda world: world.api.get_contacts(world.tenant),
    lambda world: world.api.get_contacts(world.tenant, summary_only=True),
    lambda world: world.api.get_contacts(world.tenant, include_archived=True, page=1),
    lambda world: world.api.get_credit_notes(world.tenant),
    lambda world: world.api.get_payments(world.tenant),
    lambda world: world.api.get_prepayments(world.tenant),
    lambda world: world.api.get_overpayments(world.tenant),
    lambda world: world.api.get_bank_transactions(world.tenant),
    lambda world: world.api.get_payment(world.tenant, batch(world).payments[0].payment_id),
    lambda world: world.api.get_manual_journals(world.tenant),
    lambda world: world.api.get_bank_transfers(world.tenant, order="Date"),
    refused(lambda world: transfer(world, amount=-1)),
    refused(lambda world: journal(world, status="VOIDED")),
    lambda world: world.api.get_accounts(world.tenant),
    lambda world: world.api.get_items(world.tenant),
    lambda world: world.invoice(kind="ACCPAY"),
    lambda world: world.api.create_payment(
        world.tenant, world.part_payment(world.invoice(kind="ACCPAY").invoice_id, 100)
    ),
    refused(lambda world: world.contact(name="")),
    refused(lambda world: world.invoice(status="PAID")),
    refused(lambda world: world.invoice(amount=-5)),
    refused(lambda world: world.payment(amount=500)),
    refused(lambda world: world.credit_note(status="VOIDED")),
)
"""Further calls: other shapes of the same lists, bills, and refusals."""


@pytest.fixture(scope="module")
def heard(world: World) -> list[Answer]:
    """What came for every call of the SDK and for the others."""
    shared("openapi", "xero_accounting.yaml")  # who cannot compare need not ask
    caller = world.another()
    listening = listen(caller)
    for name in sorted(carried()):
        CALLS[name](caller)
    for other in OTHERS:
        other(caller)
    return listening.heard


@pytest.mark.behaviour(
    "Published description", "answers to all operations carried are as described"
)
def test_answers_are_as_xero_describes_them(heard: list[Answer], figure: Figure) -> None:
    """Kinds, forms, enumerations, lengths and keys of every answer to each of the SDK's calls."""
    known = description()

    found = Counter(fault for answer in heard for fault in faults(known, answer))
    covered = {answer.operation for answer in heard}

    figure(
        f"{len(covered)} operations of Xero's description covered, {len(heard)} answers validated"
    )
    assert not found, "\n".join(f"{count} times {fault}" for fault, count in sorted(found.items()))
    assert expected(known) - covered == set()


@pytest.mark.behaviour("Published description", "answers have the shapes of all published examples")
def test_answers_have_the_shapes_of_the_examples(heard: list[Answer], figure: Figure) -> None:
    """Where an answer and an example have a key in common, its value is of the same kind."""
    shown = examples()

    compared, found = 0, []
    for answer in heard:
        example = shown.get(answer.operation)
        if example is None or answer.status != 200:
            continue
        wanted, got = shapes(example), shapes(json.loads(answer.body))
        for path in wanted.keys() & got.keys():
            compared += 1
            if not got[path] <= wanted[path] | FLAWED.get(path, set()):
                found.append(f"{answer.operation}{path}: {got[path]}, not {wanted[path]}")
    compared_operations = {answer.operation for answer in heard} & set(shown)

    figure(f"{len(compared_operations)} published examples reproduced, {compared} values compared")
    assert not found, "\n".join(sorted(set(found)))
    assert len(compared_operations) >= 100


def test_comparison_finds_what_is_wrong() -> None:
    """The validator has teeth: each kind of fault is found."""
    known = Description(
        {
            "paths": {},
            "components": {
                "schemas": {
                    "Thing": {
                        "type": "object",
                        "required": ["ID"],
                        "properties": {
                            "ID": {"type": "string", "format": "uuid"},
                            "Kind": {"type": "string", "enum": ["A", "B"]},
                            "Day": {"type": "string", "x-is-msdate": True},
                            "Name": {"type": "string", "maxLength": 3},
                            "Sum": {"type": "number"},
                            "Parts": {"type": "array", "items": {"type": "integer"}},
                        },
                    }
                }
            },
        }
    )
    thing = {"$ref": "#/components/schemas/Thing"}
    good = {"ID": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "Kind": "A", "Day": "/Date(-1+0000)/"}

    assert list(known.faults(thing, {**good, "Sum": 1.5, "Parts": [1], "Status": "OK"})) == []
    assert len(list(known.faults(thing, {**good, "ID": "x", "Kind": "C"}))) == 2
    assert len(list(known.faults(thing, {**good, "Day": "2026-01-01", "Name": "long"}))) == 2
    assert len(list(known.faults(thing, {**good, "Sum": "1", "Parts": [True, None]}))) == 3
    assert len(list(known.faults(thing, {"Colour": "red"}))) == 2
