"""What went wrong, in one sentence and one remedy, and the exit code that goes with it."""

import errno
import os

from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from ledgerwire.embedded_broker import BrokerDidNotStart
from ledgerwire.env_file import WRITTEN_BY_SETUP
from ledgerwire.failures import CannotListen, JobFailed, NothingRuns, WrongUsage
from ledgerwire.settings import ENV_FILE, SettingsError
from storage.errors import EmbeddedFailed, SchemaTooNew, StorageError, StorageUnavailable
from xero.errors import XeroError, XeroUnreachable

FAILED, USAGE, UNREACHABLE = 1, 2, 3
BUG = "This is a fault of ours: run again with LEDGERWIRE_LOG_LEVEL=debug and report it."

_AWAY = (StorageUnavailable, EmbeddedFailed, KafkaError, BrokerDidNotStart, XeroUnreachable,
         CannotListen, NothingRuns, OSError)  # fmt: skip


def exit_code_of(error: BaseException) -> int:
    """The exit code that the contract gives to this kind of error."""
    if isinstance(error, BaseExceptionGroup):
        return exit_code_of(error.exceptions[0])
    if isinstance(error, SettingsError | WrongUsage):
        return USAGE
    return UNREACHABLE if isinstance(error, _AWAY) else FAILED


def explain(error: BaseException) -> str:
    """One sentence and one remedy."""
    if isinstance(error, BaseExceptionGroup):
        return explain(error.exceptions[0])
    what = _sentence(error)
    return f"{what}{'' if what.endswith(('.', '?')) else '.'} {_remedy(error)}".strip()


def _sentence(error: BaseException) -> str:
    match error:
        case KafkaConnectionError() | KafkaTimeoutError():
            return "Kafka does not answer"
        case KafkaError():
            return f"Kafka refused: {type(error).__name__}"  # its texts hold objects' addresses
        case OSError(filename=str(name), strerror=str(reason)):
            return f"{name}: {reason}"
        case OSError(strerror=str(reason)):
            return reason
    said = str(error).strip().splitlines()
    return said[0] if said else type(error).__name__


def _remedy(error: BaseException) -> str:  # noqa: C901, PLR0911  # a table of remedies
    match error:
        case SettingsError() if " is missing" in str(error):
            return _where_settings_may_be()
        case SettingsError():  # its example is the remedy, where it has one
            return "" if "Example:" in str(error) else "`ledgerwire config show` lists them all."
        case SchemaTooNew():
            return ""  # it says so itself
        case StorageUnavailable() | EmbeddedFailed():
            return "Check LEDGERWIRE_DATABASE_URL and that the server is running."
        case KafkaError() | BrokerDidNotStart():
            return "Check LEDGERWIRE_KAFKA and that the broker is running."
        case XeroUnreachable():
            return "Check LEDGERWIRE_XERO_API_URL and the network, then try again."
        case CannotListen():
            return "End the program that has it, or choose another LEDGERWIRE_HOST or port."
        case JobFailed() | NothingRuns() | WrongUsage() | StorageError() | XeroError():
            return ""
        case OSError(errno=errno.ENOSPC):
            return "Make room on the disk."
        case OSError(filename=str()):
            return "Check that it exists and that you may read and write it."
        case OSError():
            return "Check the addresses in the settings and the network."
        case _:
            return BUG


def _where_settings_may_be() -> str:
    """Whoever ran `setup` in this folder has most likely not named its file in this terminal."""
    if ENV_FILE not in os.environ and WRITTEN_BY_SETUP.exists():
        return f"Did you mean `export {ENV_FILE}=$PWD/{WRITTEN_BY_SETUP}`?"
    return "`ledgerwire setup` asks for all that is needed."
