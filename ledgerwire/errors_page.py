"""docs/errors.md: every problem code, made from the registry and from who may answer with it."""

from collections.abc import Iterator
from typing import Final

from api.openapi.answers import problems_of
from api.problems import PROBLEMS, ProblemKind
from ledgerwire.openapi import operations

_INTRODUCTION: Final = """\
# Errors

Made from the registry of problems by `python -m ledgerwire.documents`.

Whatever goes wrong under `/v1` is told by a problem document (RFC 9457) of the media type
`application/problem+json`:

| Member | What it says |
|---|---|
| `code` | what happened; it never changes its meaning, so programs decide by it |
| `status`, `title`, `type` | the same, as HTTP status, in words, as an address |
| `detail` | what was wrong this time |
| `remedy` | what to do about it |
| `instance` | the request, by the id that `X-Request-Id` has too |

Some codes have more members, named with them. `errors[]` has a `path` for each thing that is wrong
with a request: `/line_items/0/quantity` is a place in its body (a JSON pointer), `?limit` a
parameter, anything else a header. `provider_errors[]` holds what Xero said, each with the `path` of
the unified field that it is about, Xero's own `remote_field`, and its `message`, which is never
left out or shortened.

Wait as long as `Retry-After` says where it is sent. New codes may come with any version; a program
that does not know one can go by the status.
"""


def errors_page() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *_overview(), *_chapters()]).rstrip() + "\n"


def _overview() -> Iterator[str]:
    yield "| Code | Status | Means |"
    yield "|---|---|---|"
    for kind in sorted(PROBLEMS.values(), key=lambda each: (each.status, each.code)):
        yield f"| [`{kind.code}`](#{kind.code}) | {kind.status} | {kind.title} |"


def _chapters() -> Iterator[str]:
    for kind in sorted(PROBLEMS.values(), key=lambda each: each.code):
        yield from _chapter(kind)


def _chapter(kind: ProblemKind) -> Iterator[str]:
    yield f"\n## {kind.code}\n"
    yield f"{kind.status}: {kind.title}."
    yield ""
    yield f"*What to do*: {kind.remedy}"
    yield ""
    if kind.members:
        yield f"*More members*: {', '.join(f'`{name}`' for name in kind.members)}."
        yield ""
    yield f"*Answered by*: {_answered_by(kind.code)}."


def _answered_by(code: str) -> str:
    """Every operation, all of some headings, or some by name."""
    all_of_them = operations()
    those = [each for each in all_of_them if code in problems_of(each)]
    if len(those) == len(all_of_them):
        return "every operation"
    if not those:
        return "what is no operation"
    if len(those) > _MOST_NAMED:
        tags = ", ".join(dict.fromkeys(each.tag for each in those))
        return f"{len(those)} operations under {tags}"
    return ", ".join(f"`{each.id}`" for each in those)


_MOST_NAMED: Final = 12
