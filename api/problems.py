"""What the api says when it can't do what was asked: problem documents (RFC 9457), stable codes.

Every code stands in `PROBLEMS`, once, with what the caller can do about it; `docs/errors.md` and
the OpenAPI document are made from it. Members hold nothing secret, and of a caller's data only
what that same caller sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One code.

    Attributes:
        status: HTTP status.
        title: what it means, in a few words; the same each time.
        remedy: what the caller can do.
        members: names of further members that such a document may have.
    """

    code: str
    status: int
    title: str
    remedy: str
    members: tuple[str, ...] = ()


def _index(*kinds: ProblemKind) -> Mapping[str, ProblemKind]:
    found = {kind.code: kind for kind in kinds}
    if len(found) != len(kinds):
        raise ValueError("two problems share a code")
    return found


PROBLEMS: Final[Mapping[str, ProblemKind]] = _index(
    # --- who asks
    ProblemKind(
        "key_missing", 401, "No API key was sent",
        "Send `Authorization: Bearer lw_…`; `ledgerwire keys create` makes a key.",
    ),
    ProblemKind(
        "key_refused", 401, "The API key is not known, has expired or was revoked",
        "Check the key, or make a new one with `ledgerwire keys create`.",
    ),
    ProblemKind(
        "scope_missing", 403, "The API key does not cover this",
        "Use a key with the scope that `needed_scope` names.", ("needed_scope",),
    ),
    ProblemKind(
        "tenant_required", 400, "Which organisation is meant was not said",
        "Send its id as `X-Tenant-Id`; `GET /v1/tenants` lists those of the key.",
    ),
    ProblemKind(
        "tenant_unknown", 404, "No such organisation is known to this key",
        "Check `X-Tenant-Id` against `GET /v1/tenants`, or link the organisation.",
    ),
    ProblemKind(
        "tenant_not_linked", 409, "The organisation is not linked now",
        "Open `/connect` to link it again; `tenant_state` says how it is.", ("tenant_state",),
    ),
    # --- what was asked
    ProblemKind(
        "path_unknown", 404, "There is nothing at this address",
        "`/openapi.json` lists every address.",
    ),
    ProblemKind(
        "method_not_allowed", 405, "This address does not take the method",
        "Use one of the methods that `Allow` names.",
    ),
    ProblemKind(
        "bad_request", 400, "The request can't be understood",
        "Each entry of `errors` names a parameter or field, and what is wrong with it.",
        ("errors",),
    ),
    ProblemKind(
        "body_unreadable", 400, "The body is no JSON of the expected shape",
        "Send UTF-8 JSON as the OpenAPI document says.", ("errors",),
    ),
    ProblemKind(
        "body_too_large", 413, "The body is too large",
        "Send less than `most_bytes` at once.", ("most_bytes",),
    ),
    ProblemKind(
        "body_too_slow", 408, "The body did not come in time",
        "Send it again, over a better line or in smaller parts.",
    ),
    ProblemKind(
        "media_type_unsupported", 415, "The body's Content-Type is not taken here",
        "Send one of the types that `accepted` names.", ("accepted",),
    ),
    ProblemKind(
        "not_found", 404, "No such thing is known of this organisation",
        "Check the id; what Xero removed is found with `deleted=include`.",
    ),
    # --- Xero
    ProblemKind(
        "xero_unreachable", 503, "Xero did not answer",
        "Try again after `Retry-After` seconds; reads of the mirror go on working.",
        ("retry_after_s",),
    ),
    ProblemKind(
        "limit_spent", 429, "A limit of calls is spent",
        "Wait `retry_after_s` seconds; `limit` names the limit, `free_at` when it frees.",
        ("limit", "retry_after_s", "free_at"),
    ),
    ProblemKind(
        "xero_answer_unreadable", 502, "Xero's answer can't be read",
        "Try again; if it lasts, report it with the request id.",
    ),
    ProblemKind(
        "xero_refused", 422, "Xero refused the request",
        "Each entry of `provider_errors` is what Xero said, and of which field.",
        ("provider_errors", "provider_status"),
    ),
    ProblemKind(
        "xero_not_found", 404, "Xero does not know this thing (any more)",
        "Read it again: it may have been removed at Xero meanwhile.",
    ),
    ProblemKind(
        "consent_scope_missing", 403, "The organisation's consent does not cover this",
        "Link the organisation again with the missing scope.",
    ),
    ProblemKind(
        "needs_reauth", 409, "The consent has ended",
        "A person has to link the organisation again: open `/connect`.",
    ),
    ProblemKind(
        "app_refused", 502, "Xero refuses this installation's app",
        "Whoever runs this installation should check client id, secret and scopes.",
    ),
    # --- ourselves
    ProblemKind(
        "storage_unavailable", 503, "The database does not answer",
        "Try again after `Retry-After` seconds.", ("retry_after_s",),
    ),
    ProblemKind(
        "internal_error", 500, "A mistake of ours",
        "Report it with the request id; nothing of the request is kept.",
    ),
)  # fmt: skip


@dataclass(eq=False)
class Problem(Exception):
    """Ends a request with a problem document.

    Attributes:
        code: one of `PROBLEMS`.
        detail: what is wrong this time, in a sentence.
        members: further members, of those that the code may have.
        headers: of the answer, such as Retry-After.
    """

    code: str
    detail: str
    members: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Hold it to the registry: a code that nobody documented must not leave the house."""
        kind = PROBLEMS[self.code]
        odd = set(self.members) - set(kind.members)
        if odd:
            raise ValueError(f"{self.code} has no members {sorted(odd)}")
        super().__init__(f"{self.code}: {self.detail}")

    @property
    def status(self) -> int:
        """HTTP status."""
        return PROBLEMS[self.code].status

    def response(self, instance: str | None = None) -> Response:
        """The document; `instance` is the id of the request."""
        kind = PROBLEMS[self.code]
        document = {
            "type": f"urn:ledgerwire:problem:{kind.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": kind.code,
            "remedy": kind.remedy,
            **({} if instance is None else {"instance": f"urn:ledgerwire:request:{instance}"}),
            **self.members,
        }
        return Response(
            msgspec.json.encode(document),
            status_code=kind.status,
            media_type=MEDIA_TYPE,
            headers={"Cache-Control": "no-store", **self.headers},
        )


def bad_request(where: str, message: str) -> Problem:
    """One parameter (`?limit`), header (`X-Tenant-Id`) or field (`/line_items/0`) is wrong."""
    errors = [{"path": where, "message": message}]
    return Problem("bad_request", f"{where}: {message}", {"errors": errors})
