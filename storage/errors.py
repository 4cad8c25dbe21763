"""What can go wrong between us and the database.

* StorageError
  x StorageUnavailable   retriable   no connection, shutting down, disk full, too many clients
    x LoginRefused       permanent   at the start: user, password or database are not right
  x StorageConflict      retriable   a deadlock or serialization failure: the transaction is void
  x SchemaTooNew         permanent   a newer program has migrated this database
  x EmbeddedFailed       permanent   the PostgreSQL from the wheel did not start
  x UnknownTenant        permanent   no such organisation
  x TenantNotLinked      permanent   the organisation's state forbids the work
  x LeaseLost            permanent   somebody else holds the lease now: drop the work
  x NeedsReauth          permanent   the token set is dead until a person consents again
  x SecretsUnreadable    permanent   none of the secret keys opens what was stored

A caller that may try again reads `retriable`. `GrantRefused` stands outside the tree: callers
raise it towards this package, to say that Xero refused a refresh for good.
"""

from typing import ClassVar


class StorageError(Exception):
    """Base of everything that storage/ raises on purpose."""

    retriable: ClassVar[bool] = False


class StorageUnavailable(StorageError):
    """The database can not be reached or can not take work now; nothing was committed for sure."""

    retriable = True


class LoginRefused(StorageUnavailable):
    """The server answers and lets us not in: no such user, password or database.

    A running program takes it for a server that is away, since passwords are changed and databases
    made anew under its feet; one that starts says so and ends, since its settings are wrong.
    """


class StorageConflict(StorageError):
    """Two transactions got in each other's way; repeat the whole transaction."""

    retriable = True


class SchemaTooNew(StorageError):
    """The database was migrated by a newer program; its schema is not understood here."""


class EmbeddedFailed(StorageError):
    """The embedded server did not start or did not stop; the message says what its log says."""


class UnknownTenant(StorageError):
    """No such organisation is known."""


class TenantNotLinked(StorageError):
    """The organisation is not linked (its state says why), so nothing may be done for it.

    Attributes:
        state: the state found, such as "needs_reauth" or "erasing".
    """

    def __init__(self, tenant_id: str, state: str) -> None:
        super().__init__(f"tenant {tenant_id} is {state}")
        self.tenant_id = tenant_id
        self.state = state


class LeaseLost(StorageError):
    """The lease is held by somebody else or has a newer fencing token: drop the work unsaved."""


class NeedsReauth(StorageError):
    """The token set is dead: a person has to consent again."""


class SecretsUnreadable(StorageError):
    """None of LEDGERWIRE_SECRET_KEYS opens what was stored; add the key it was encrypted with."""


class GrantRefused(Exception):  # reads as the event it is
    """Xero refused this refresh token for good (`invalid_grant`); args[0] is Xero's word for it."""
