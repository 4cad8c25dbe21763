"""The door to every operation: who asks, what may they do, of which organisation, with what.

It lets a request in as `Asked`, or refuses it with a `Problem` before anything was read or done.
"""

from uuid import UUID

from starlette.requests import Request

from api.caller import Caller, Callers
from api.operation import Asked, Operation
from api.parameters import read_query
from api.problems import Problem, bad_request
from storage.database import Database
from storage.tenant_states import state_of
from unified.ids import TenantId

TENANT_HEADER = "X-Tenant-Id"
XEROS_TENANT_HEADER = "Xero-Tenant-Id"  #: as Xero's SDKs send it; taken where ours is absent


class Door:
    """Lets requests in. One per process."""

    def __init__(self, db: Database, callers: Callers | None = None) -> None:
        self.db = db
        self.callers = callers or Callers(db)

    async def let_in(self, operation: Operation, request: Request) -> Asked:
        """The request as its handler may take it.

        Raises:
            Problem: it may not be let in, or can't be read.
            StorageError: the database can't be asked.
        """
        caller = await self.callers.of(request)
        request.state.rate = caller.rate
        if operation.scope is not None:
            caller.require(operation.scope)
        tenant: TenantId | None = None
        state: str | None = None
        if operation.of_tenant:
            tenant = named_tenant(caller, request)
            if operation.asks_state:
                state = await _state(self.db, tenant)
        query = (
            {} if operation.any_query else read_query(operation.parameters, request.query_params)
        )
        return Asked(
            request=request,
            request_id=request.state.request_id,
            caller=caller,
            operation=operation,
            tenant=tenant,
            tenant_state=state,
            query=query,
        )


async def tenant_of(db: Database, caller: Caller, request: Request) -> tuple[TenantId, str]:
    """The organisation that a request is about, and how it is: "linked" and the like.

    Raises:
        Problem: `bad_request`, `tenant_required`, `tenant_unknown`.
        StorageError.
    """
    tenant_id = named_tenant(caller, request)
    return tenant_id, await _state(db, tenant_id)


def named_tenant(caller: Caller, request: Request) -> TenantId:
    """The organisation that a request names; the caller may see it, if there is such a one.

    Raises:
        Problem: `bad_request`, `tenant_required`, `tenant_unknown`.
    """
    headers = request.headers
    given = headers.getlist(TENANT_HEADER) or headers.getlist(XEROS_TENANT_HEADER)
    if len(given) > 1:
        raise bad_request(TENANT_HEADER, "stands more than once")
    if not given:
        only = caller.key.tenants
        if only is None or len(only) != 1:
            raise Problem("tenant_required", f"{TENANT_HEADER} is missing.")
        [tenant_id] = only  # a key for one organisation says which by itself
    else:
        try:
            tenant_id = TenantId(str(UUID(given[0])))
        except ValueError:
            raise bad_request(TENANT_HEADER, "is no uuid") from None
    if not caller.sees(tenant_id):
        raise _unknown()
    return tenant_id


async def _state(db: Database, tenant_id: TenantId) -> str:
    state = await state_of(db, tenant_id)
    if state is None:
        raise _unknown()
    return state


def _unknown() -> Problem:
    # The same words whether it is unknown or another's: its existence is nobody's business.
    return Problem("tenant_unknown", "No such organisation is known to this key.")
