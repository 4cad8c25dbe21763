"""One write from the request to the answer: done once, whatever gets lost on the way.

With a key of the caller's, what leaves is kept before it leaves and the answer before it is given.
Who finds a write that somebody began and nobody answered asks Xero the same again under the same
key, for as long as Xero remembers its answers (`xero.writes.KEY_LIFE`); beyond that nothing is
sent, since nobody could say whether it would be the second time. A key is free again only where the
first sending itself is known to have had no effect. Which requests are made of what callers send is
not decided here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import structlog
from starlette.responses import Response

from api.absorber import ApiWrite
from api.here import Api
from api.operation import Asked
from api.problems import Problem, bad_request
from api.reading.envelope import Warned
from api.writing.answers import Worded, dry_run, meta_of, replayed, response_of, stored
from api.writing.keys import fingerprint_of, key_of
from api.writing.plan import Plan
from api.writing.refusals import refused
from api.writing.rules import broken_rules
from api.writing.schemas import CORRELATION_HEADER, CORRELATION_LETTERS
from api.writing.settling import Settled, settle
from api.writing.unanswered import RESOLVABLE, in_progress, outcome_unknown, unresolved
from storage.errors import StorageError
from storage.idempotency import (
    CLAIM_LIFE,
    Claim,
    Leaving,
    WriteKey,
    answer_write,
    before_leaving,
    claim_write,
    find_write,
    forget_write,
    leave_claim,
    renew_claim,
    take_write_over,
)
from xero.errors import PayloadRefused, ResourceMissing, WriteUnanswered, XeroError
from xero.writes import Written, XeroWrites

Prepare = Callable[[], Awaitable[Plan]]
Word = Callable[[Plan, Settled], Worded]

log = structlog.get_logger(__name__)


async def write(  # what a write is made of
    api: Api, asked: Asked, *, sent: object, prepare: Prepare, word: Word, needs_key: bool = False
) -> Response:
    """Do what was asked, or answer what was answered before.

    Args:
        sent: what the caller sent, as it was read: plain JSON values, or a digest of bytes.
        prepare: makes the plan; called only where the key is new.
        word: words the answer of what became of it.

    Raises:
        Problem: see the operation. XeroError, StorageError: nothing was done.
    """
    # A rehearsal is asked for as the real thing is.
    key = key_of(asked, required=needs_key)
    _correlation(asked)
    if asked.query.get("dry_run"):
        return await _tried(api, asked, prepare)
    if key is None:
        _require_linked(asked)
        return await _done(api, asked, await prepare(), word, claim=None)
    fingerprint = fingerprint_of(asked, sent)
    # What makes something new asks the mirror alone beforehand, so that can be asked meanwhile.
    preparing = asyncio.ensure_future(prepare()) if needs_key else None
    try:
        before = await _before(api, key, fingerprint)
        if isinstance(before, Response):
            return before
        if before is not None:
            claim, plan = before
            log.info("write_taken_over", operation=asked.operation.id, tenant_id=asked.tenant_id)
        else:
            _require_linked(asked)
            plan = await (preparing or prepare())
            claim = await _claimed(api, asked, key, fingerprint, plan)
    finally:
        if preparing is not None:
            preparing.cancel()
            await asyncio.gather(preparing, return_exceptions=True)
    async with _held(api, claim):
        return await _done(api, asked, plan, word, claim=claim)


def _require_linked(asked: Asked) -> None:
    """Let nothing be written where Xero would refuse all of it.

    Raises:
        Problem: `needs_reauth`, `tenant_not_linked`.
    """
    state = asked.tenant_state
    if state == "needs_reauth":
        raise Problem("needs_reauth", "Xero no longer takes the organisation's consent.")
    if state != "linked":
        detail = f"The organisation is {str(state).replace('_', ' ')}."
        raise Problem("tenant_not_linked", detail, {"tenant_state": state})


async def _claimed(api: Api, asked: Asked, key: WriteKey, fingerprint: bytes, plan: Plan) -> Claim:
    claim = await claim_write(
        api.db, key, fingerprint=fingerprint, operation=asked.operation.id,
        request_id=asked.request_id, sent=plan.kept(), now=api.clock.now(),
    )  # fmt: skip
    if claim is None:
        raise in_progress()
    return claim


async def _tried(api: Api, asked: Asked, prepare: Prepare) -> Response:
    plan = await prepare()
    broken = await broken_rules(api.db, asked.tenant_id, plan)
    if broken:
        first = f"{broken[0]['path']}: {broken[0]['message']}"
        raise Problem("rule_broken", first, {"errors": broken})
    return dry_run(api, plan, meta_of(plan.source, asked.tenant_id, api.clock.now()))


async def _before(
    api: Api, key: WriteKey, fingerprint: bytes
) -> "Response | tuple[Claim, Plan] | None":
    """What to do of a key: answer as before, go on with what somebody began, or begin (None)."""
    known = await find_write(api.db, key)
    if known is None:
        return None
    if known.fingerprint != fingerprint:
        raise Problem("idempotency_key_reused", "The key came with another request before.")
    if known.answer is not None:
        return replayed(known.answer)
    if known.in_hand:
        raise in_progress()
    try:
        plan = None if known.sent is None else Plan.load(known.sent)
    except LookupError:
        plan = None  # another version began it
    if plan is None or api.clock.now() - known.began_at > RESOLVABLE:
        detail = "No answer came, and Xero no longer remembers it."
        raise outcome_unknown(detail, plan, known.began_at)
    claim = await take_write_over(api.db, key)
    if claim is None:
        raise in_progress()
    return claim, plan


async def _done(api: Api, asked: Asked, plan: Plan, word: Word, *, claim: Claim | None) -> Response:
    began_at = api.clock.now() if claim is None else claim.began_at
    leaving = None if claim is None else claim.leaving
    if leaving is None:
        leaving = await before_leaving(api.db)
    try:
        written = await _sent(api, asked, plan, claim, leaving)
    except (PayloadRefused, ResourceMissing) as error:
        # Xero keeps this answer for the key as it keeps a good one, and so do we.
        problem = refused(plan, error)
        if claim is not None:
            await _keep(api, claim, problem.response(asked.request_id))
        raise problem from None
    except (WriteUnanswered, StorageError) as error:
        # A database that went away in the midst of a call says nothing of what Xero did.
        if claim is not None:
            with suppress(StorageError):
                await leave_claim(api.db, claim)
        trouble = error.because if isinstance(error, WriteUnanswered) else error
        log.warning("write_unanswered", operation=asked.operation.id, tenant_id=asked.tenant_id,
                    error=type(trouble).__name__)  # fmt: skip
        if claim is None:
            detail = "No answer came from Xero, and no key was sent."
            raise outcome_unknown(detail, plan, began_at) from None
        raise unresolved(trouble, began_at + RESOLVABLE, now=api.clock.now()) from None
    except XeroError:
        if claim is not None:
            await forget_write(api.db, claim)  # it was not done, and may be tried again
        raise
    response = await _answered(api, asked, plan, written, word, mark=leaving.mark, claim=claim)
    if claim is not None:
        await _keep(api, claim, response)
    return response


async def _sent(
    api: Api, asked: Asked, plan: Plan, claim: Claim | None, leaving: Leaving
) -> Written:
    key = uuid4().hex if claim is None else claim.key.digest
    return await XeroWrites(api.calls).send(
        asked.tenant_id, plan.source.endpoint, plan.request, key=key,
        item_key=plan.answer_key, asked_at=leaving.at,
        sent_before=claim is not None and claim.leaving is None,
    )  # fmt: skip


async def _answered(  # noqa: PLR0913  # what came of it
    api: Api,
    asked: Asked,
    plan: Plan,
    written: Written,
    word: Word,
    *,
    mark: int,
    claim: Claim | None,
) -> Response:
    """The answer to what Xero has done. Whatever goes wrong from here on, it is done."""
    caused = ApiWrite(
        request_id=asked.request_id,
        actor=asked.caller.name,
        idempotency_key_hash=None if claim is None else claim.key.digest,
        correlation_id=_correlation(asked),
    )
    at = api.clock.now()
    try:
        settled = await settle(api, asked.tenant_id, plan, written, mark=mark, write=caused)
    except (XeroError, StorageError) as error:
        log.warning("write_not_absorbed", operation=asked.operation.id, tenant_id=asked.tenant_id,
                    error=type(error).__name__)  # fmt: skip
        detail = "Xero has done it. The record follows with the next webhook or sweep."
        worded = Worded(status=202, members={"result": None})
        warned = [Warned("not_yet_in_mirror", detail)]
        return response_of(worded, meta_of(plan.source, asked.tenant_id, at, warned))
    worded = word(plan, settled)
    return response_of(worded, meta_of(plan.source, asked.tenant_id, at, settled.warnings))


def _correlation(asked: Asked) -> str | None:
    """The caller's own word for this change; None: none.

    Raises:
        Problem: `bad_request`, where events could not carry it.
    """
    told = asked.request.headers.get(CORRELATION_HEADER)
    if told is None:
        return None
    if not 1 <= len(told) <= CORRELATION_LETTERS or not all(" " <= each <= "~" for each in told):
        raise bad_request(CORRELATION_HEADER, f"is 1 to {CORRELATION_LETTERS} letters of ASCII")
    return told


async def _keep(api: Api, claim: Claim, response: Response) -> None:
    """Keep an answer for good. Where the database is away the caller gets it all the same: asking
    again finds the claim ended, and Xero's own answer."""
    try:
        await answer_write(api.db, claim, stored(response))
    except StorageError as error:
        log.warning("answer_not_kept", error=type(error).__name__)


@asynccontextmanager
async def _held(api: Api, claim: Claim) -> AsyncIterator[None]:
    """Renew the claim for as long as the write takes."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(CLAIM_LIFE.total_seconds() / 4)
            with suppress(StorageError):
                await renew_claim(api.db, claim)

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()
