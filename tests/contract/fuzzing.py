"""schemathesis over the whole api: requests made of the OpenAPI document, sound and unsound ones,
and every check that it has on what comes back.

It works in a thread of its own, as any client would, while the api answers in this loop.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import Any, Final

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema

#: Codes that say that a body or a parameter is not as it was described.
_MALFORMED: Final = frozenset(
    {"bad_request", "body_unreadable", "body_refused", "media_type_unsupported"}
)
#: How a field or parameter is said to be of the wrong shape, which the document tells beforehand.
#: Whatever else is said depends on the organisation, on several fields at once, or on letters.
_OF_SHAPE: Final = (
    "there is no such field",
    "there is no such parameter",
    "field required",
    "must be a ",
    "must be an ",
    "must be true",
    "should be",
    "should have",
    "should match",
    "is no field of it",
    "is no number",
)
_MOST_TOLD: Final = 25
PHASES: Final = ("examples", "coverage", "fuzzing", "stateful")


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        cases: requests that were made and answered.
        statuses: how often each was answered.
        failures: what checks had against answers, each kind once, with how to ask again.
    """

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def told(self) -> str:
        """In words, for whoever has to mend something."""
        those = list(self.failures.items())[:_MOST_TOLD]
        parts = [f"{title}\n{sample}" for title, sample in those]
        return "\n\n".join([f"{len(self.failures)} kinds of failures", *self.errors, *parts])


def configured(
    url: str, headers: Mapping[str, str], *, examples: int, phases: Sequence[str], seed: int
) -> Any:
    """How schemathesis works: all checks, all kinds of data, in some of its phases."""
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "base-url": url,
            "headers": dict(headers),
            "request-timeout": 30,
            "continue-on-failure": True,
            "generation": {"max-examples": examples, "mode": "all", "no-shrink": True},
            "checks": {
                # 501 is how we say that Xero does not let us, 503 that it did not answer.
                "not_a_server_error": {
                    "expected-statuses": ["2xx", "3xx", "4xx", "501", "503"]
                },
                # 412: what can't be the state of a record is not.
                "negative_data_rejection": {
                    "expected-statuses": [
                        "400", "401", "403", "404", "405", "406", "409", "410", "412", "413", "415",
                        "422", "428", "429", "5xx",
                    ]
                },
                # What Xero or the rules of the books refuse is sound all the same; that nothing
                # sound is called malformed is `sound_is_not_malformed`'s to see.
                "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", "4xx", "5xx"]},
            },
            "phases": {name: {"enabled": name in phases} for name in PHASES},
        }
    )  # fmt: skip


def fuzzed(
    document: Mapping[str, Any],
    config: Any,
    outcome: Outcome,
    *,
    most: int,
) -> None:
    """Ask the api of a document, until `outcome` has about `most` cases."""
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(document)), config=config)
    stream = from_schema(schema).execute()
    for event in stream:
        if isinstance(event, events.ScenarioFinished):
            _note(outcome, event)
            if outcome.cases >= most:
                stream.stop()
        elif isinstance(event, events.NonFatalError | events.FatalError):
            outcome.errors.append(str(getattr(event, "info", event)))


def _note(outcome: Outcome, event: Any) -> None:
    recorder = event.recorder
    for interaction in recorder.interactions.values():
        if interaction.response is not None:
            outcome.cases += 1
            outcome.statuses[interaction.response.status_code] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.status is Status.FAILURE:
                answered = recorder.interactions.get(case_id)
                if check.name == "negative_data_rejection" and _refuses_a_part(answered):
                    continue
                info = check.failure_info
                title = f"{recorder.label}: {check.name}: {info.failure.title}"
                sample = f"{info.failure.message}\n{info.code_sample}"
                outcome.failures.setdefault(title, sample)


def _refuses_a_part(interaction: Any) -> bool:
    """Whether a batch was answered, of which each thing is judged by itself: what is unsound in
    one is refused in its own result, and the others are made."""
    response = getattr(interaction, "response", None)
    if response is None or response.status_code != HTTPStatus.OK:
        return False
    told = json.loads(response.content)
    results = told.get("results", told.get("refused")) if isinstance(told, dict) else None
    if not isinstance(results, list):
        return False
    problems = [each.get("problem") or {} for each in results if isinstance(each, dict)]
    return any(each.get("code") == "body_refused" for each in problems)


@schemathesis.check
def sound_is_not_malformed(ctx: Any, response: Any, case: Any) -> None:
    """What fits the document is never refused as if it did not, whoever else refuses it."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive:
        return
    if not response.headers.get("content-type", [""])[0].startswith("application/problem+json"):
        return
    problem = json.loads(response.content)
    said = [each["message"] for each in problem.get("errors", [])] or [problem["detail"]]
    shape = [each for each in said if any(known in each for known in _OF_SHAPE)]
    if problem["code"] in _MALFORMED and shape:
        raise AssertionError(f"{problem['code']}: {problem['detail']} {problem.get('errors')}")


def shuffled(document: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The document with its addresses in another order: a run that ends early then leaves out
    other operations each time."""
    paths = list(document["paths"].items())
    Random(seed).shuffle(paths)  # noqa: S311  # an order, no secret
    return {**document, "paths": dict(paths)}


def figures(found: Outcome) -> str:
    """The figures in a line."""
    told = ", ".join(f"{status}: {count}" for status, count in sorted(found.statuses.items()))
    return f"{found.cases} cases ({told}), {len(found.failures)} kinds of failures"
