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
HEADER: Final = "Ledgerwire-Problem"  #: of every answer that is one, with its code


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
    if any(_RESERVED & set(kind.members) for kind in kinds):
        raise ValueError("a member has the name of one that every problem has")
    return found


_RESERVED: Final = frozenset({"type", "title", "status", "detail", "code", "remedy", "instance"})


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
        "key_unknown", 404, "No such key is known to this key",
        "Check the id against `GET /v1/keys`.",
    ),
    ProblemKind(
        "key_beyond_yours", 403, "A key may not make one that may do more than itself",
        "Ask for no more requests a minute and no longer life than the key has that asks.",
    ),
    ProblemKind(
        "key_limited", 403, "The API key is limited to organisations",
        "Name one of them as `tenant_id`, or use a key that is not limited.",
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
        "`remedy` of `GET /v1/tenants/{tenant}` says what brings it back, and where; "
        "`tenant_state` says how it is.", ("tenant_state",),
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
    ProblemKind(
        "link_session_unknown", 404, "No such link is known to this key",
        "Check the id; links are kept for a week after their end.",
    ),
    ProblemKind(
        "linking_not_offered", 409, "Nobody links at a browser here",
        "Authorise the custom connection in Xero's portal; it links by itself.",
    ),
    # --- reading
    ProblemKind(
        "cursor_unreadable", 400, "The cursor was not made here",
        "Send `next_cursor` or `prev_cursor` of a page, letter by letter.",
    ),
    ProblemKind(
        "cursor_of_another_list", 400, "The cursor belongs to another list",
        "Send the same organisation, address, filters and order as for the page it came with.",
    ),
    ProblemKind(
        "cursor_expired", 410, "The cursor is too old",
        "Begin again without a cursor.",
    ),
    ProblemKind(
        "events_expired", 410, "Events after the cursor are kept no longer",
        "Read the records of the organisations in `tenant_ids` anew, then go on from "
        "`resume_after`.", ("tenant_ids", "resume_after"),
    ),
    ProblemKind(
        "too_many_tenants", 400, "These are more organisations than one feed may have",
        "Name some by `tenants`, `most` at most, in several feeds; or read Kafka.", ("most",),
    ),
    ProblemKind(
        "too_many_followers", 429, "Too many follow the feed",
        "Close streams that nobody reads; `most` may be open with one key.", ("most",),
    ),
    ProblemKind(
        "snapshot_missing", 404, "No such snapshot of the report was taken",
        "Ask with `consistency=live`, or let `ledgerwire reports` take snapshots.",
    ),
    ProblemKind(
        "capability_unavailable", 501, "Xero does not let this be read of the organisation",
        "Each entry of `capabilities` names an endpoint and the reason; `/v1/capabilities` lists "
        "all.", ("capabilities",),
    ),
    ProblemKind(
        "live_unavailable", 400, "This can't be read through Xero in this way",
        "`detail` says what to ask instead; `consistency=mirror` always works.",
    ),
    # --- writes
    ProblemKind(
        "body_refused", 422, "The body is not as this operation takes it",
        "Each entry of `errors` names a field by a JSON pointer, and what is wrong with it.",
        ("errors",),
    ),
    ProblemKind(
        "rule_broken", 422, "Xero would refuse this, by what the mirror knows",
        "Each entry of `errors` names a field and the rule; without `dry_run` Xero decides.",
        ("errors",),
    ),
    ProblemKind(
        "state_forbids", 409, "The thing is in a state in which this can't be done",
        "`legal_in` lists the states in which it can; read the record again.",
        ("record_status", "legal_in"),
    ),
    ProblemKind(
        "not_offered", 501, "Xero does not let this be done",
        "`GET /v1/capabilities` says what can be done with each kind of thing.",
    ),
    ProblemKind(
        "version_conflict", 412, "The record has changed since it was read",
        "Look at `current`, decide anew, and send its ETag as `If-Match`.", ("current",),
    ),
    ProblemKind(
        "idempotency_key_required", 400, "What creates things needs an Idempotency-Key",
        "Send a new `Idempotency-Key` with each new write, and the same one with a repetition.",
    ),
    ProblemKind(
        "idempotency_key_reused", 422, "The Idempotency-Key belongs to another request",
        "Repeat the first request as it was, or send a new key with this one.",
    ),
    ProblemKind(
        "write_in_progress", 409, "The same write is at work now",
        "Ask again after `Retry-After` seconds, with the same key: its answer will be given.",
        ("retry_after_s",),
    ),
    ProblemKind(
        "write_unresolved", 503, "Xero did not say what came of the write",
        "Send the same request with the same key after `Retry-After` seconds: until "
        "`resolvable_until` Xero tells what it did, and does nothing twice.",
        ("retry_after_s", "resolvable_until"),
    ),
    ProblemKind(
        "write_outcome_unknown", 409, "Nobody can say whether the write was done",
        "It is never sent again. Look whether it is there: read what it was about with "
        "`consistency=live`, a new thing by its number or reference in the list that `find_out` "
        "names. If it is not there, send the write with a new key.", ("find_out",),
    ),
    # --- Xero
    ProblemKind(
        "proxy_path_refused", 400, "The proxy does not reach this address",
        "Send the path of one of Xero's APIs for an organisation, such as "
        "`/v1/proxy/api.xro/2.0/Invoices`, without dot segments.",
    ),
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
        "A person has to link the organisation again: `remedy` of `GET /v1/tenants/{tenant}` says "
        "where.",
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
        "secrets_unreadable", 500, "What is kept encrypted can't be opened",
        "Whoever runs this installation should add the key that it was encrypted with to "
        "`LEDGERWIRE_SECRET_KEYS`, and restart.",
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

    def document(self, instance: str | None = None) -> dict[str, Any]:
        """It as plain JSON values; `instance` is the id of the request."""
        kind = PROBLEMS[self.code]
        return {
            "type": f"urn:ledgerwire:problem:{kind.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": kind.code,
            "remedy": kind.remedy,
            **({} if instance is None else {"instance": f"urn:ledgerwire:request:{instance}"}),
            **self.members,
        }

    def response(self, instance: str | None = None) -> Response:
        """The document as an answer."""
        return Response(
            msgspec.json.encode(self.document(instance)),
            status_code=self.status,
            media_type=MEDIA_TYPE,
            # By which it is told from what Xero says through the proxy.
            headers={"Cache-Control": "no-store", HEADER: self.code, **self.headers},
        )


def bad_request(where: str, message: str) -> Problem:
    """One parameter (`?limit`), header (`X-Tenant-Id`) or field (`/line_items/0`) is wrong."""
    errors = [{"path": where, "message": message}]
    return Problem("bad_request", f"{where}: {message}", {"errors": errors})
