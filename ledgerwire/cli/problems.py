"""What went wrong, in one sentence and one remedy, and the exit code that goes with it."""

from aiokafka.errors import KafkaError

from ledgerwire.embedded_broker import BrokerDidNotStart
from ledgerwire.settings import SettingsError
from storage.errors import EmbeddedFailed, SchemaTooNew, StorageError, StorageUnavailable
from xero.errors import XeroError, XeroUnreachable

FAILED, USAGE, UNREACHABLE = 1, 2, 3


class JobFailed(Exception):
    """The job ran and its outcome is a failure; the message says which."""


def exit_code_of(error: BaseException) -> int:
    """The exit code that the contract gives to this kind of error."""
    if isinstance(error, BaseExceptionGroup):
        return exit_code_of(error.exceptions[0])
    if isinstance(error, SettingsError):
        return USAGE
    away = (StorageUnavailable, EmbeddedFailed, KafkaError, BrokerDidNotStart, XeroUnreachable,
            OSError)  # fmt: skip
    return UNREACHABLE if isinstance(error, away) else FAILED


def explain(error: BaseException) -> str:
    """One sentence and one remedy."""
    if isinstance(error, BaseExceptionGroup):
        return explain(error.exceptions[0])
    said = str(error).strip().splitlines()
    what = said[0] if said else type(error).__name__
    return f"{what}{'' if what.endswith(('.', '?')) else '.'} {_remedy(error)}".strip()


def _remedy(error: BaseException) -> str:  # noqa: PLR0911  # a table of remedies
    match error:
        case SettingsError():
            return "See `ledgerwire config show`."
        case SchemaTooNew():
            return "Install the newer version of ledgerwire that made it."
        case StorageUnavailable() | EmbeddedFailed():
            return "Check LEDGERWIRE_DATABASE_URL and that the server is running."
        case KafkaError() | BrokerDidNotStart():
            return "Check LEDGERWIRE_KAFKA and that the broker is running."
        case XeroUnreachable():
            return "Check LEDGERWIRE_XERO_API_URL and the network, then try again."
        case JobFailed() | StorageError() | XeroError():
            return ""
        case OSError():
            return "Check the address, or that no other program uses the port."
        case _:
            return (
                "This is a fault of ours: run again with LEDGERWIRE_LOG_LEVEL=debug and report it."
            )
