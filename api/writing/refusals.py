"""What Xero says against a write, in the caller's words: each sentence with the field it is about.

No sentence is ever dropped: one of which nobody knows what it is about has the path "", which is
the whole record.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from api.problems import Problem
from api.writing.plan import Plan
from unified.sentences import said_of
from xero.errors import Complaint, PayloadRefused, ResourceMissing


def refused(plan: Plan, error: PayloadRefused | ResourceMissing) -> Problem:
    """The problem that a refusal of the whole write is."""
    if isinstance(error, ResourceMissing):
        return Problem("xero_not_found", "Xero answered that there is no such thing.")
    bodies = _bodies(plan)
    body = bodies[0] if len(bodies) == 1 else None
    return problem_of(plan, error.complaints, body, status=error.status)


def problem_of(
    plan: Plan, complaints: Sequence[Complaint], body: Mapping[str, Any] | None, *, status: int
) -> Problem:
    """The problem that Xero's sentences about one thing are; `body` is the thing as it was sent."""
    said = [_told(plan, each, body) for each in complaints]
    first = f"Xero says: {said[0]['message']}" if said else f"Xero answered {status}."
    return Problem("xero_refused", first, {"provider_errors": said, "provider_status": status})


def sent_bodies(plan: Plan) -> dict[int, Mapping[str, Any]]:
    """The things as they were sent, by their places."""
    return dict(zip(plan.left, _bodies(plan), strict=False))


def _told(plan: Plan, said: Complaint, body: Mapping[str, Any] | None) -> dict[str, Any]:
    entries = (*plan.command.words, *plan.source.entries)
    of = said_of(entries, said.message, place=said.place, body=body)
    return {"path": of.path, "remote_field": of.remote_field, "message": said.message}


def _bodies(plan: Plan) -> list[Mapping[str, Any]]:
    """The elements of the request's body."""
    body = plan.request.body
    if not isinstance(body, dict):
        return []
    listed = body.get(plan.source.endpoint.item_key)
    if isinstance(listed, list):
        return [each for each in listed if isinstance(each, dict)]
    return [body]
