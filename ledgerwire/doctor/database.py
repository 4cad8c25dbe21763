"""Is the database there, ours to work on, durable, and of a schema that this program knows?"""

from datetime import timedelta

from ledgerwire.doctor.finding import Finding, Verdict
from ledgerwire.installation import Installation
from ledgerwire.settings import variable
from ledgerwire.settings_rules import EMBEDDED, without_password
from storage.errors import LoginRefused, StorageError, StorageUnavailable
from storage.migrate import newest_revision, schema_revision
from storage.server_facts import ServerFacts, server_facts

PART = "database"
OLDEST = 15  #: PostgreSQL that knows all we ask for (UNIQUE NULLS NOT DISTINCT)
CLOCKS_APART = timedelta(seconds=2)


async def check_database(here: Installation) -> list[Finding]:
    """Ask the server about itself and about the schema; changes nothing."""
    setting = variable("database_url")
    embedded = here.settings.database_url == EMBEDDED
    shown = (
        f"embedded, in {here.settings.data_dir}"
        if embedded
        else without_password(here.settings.database_url)
    )
    try:
        found = await schema_revision(here.database_url)
        facts = await server_facts(here.db)
    except LoginRefused as error:
        return [_finding(Verdict.BAD, str(error).splitlines()[0],
                         f"Set user, password and database in {setting}")]  # fmt: skip
    except StorageUnavailable:
        return [_finding(Verdict.AWAY, f"The database ({shown}) does not answer",
                         f"Check {setting} and that the server is running")]  # fmt: skip
    except StorageError as error:
        return [_finding(Verdict.BAD, str(error).splitlines()[0], f"Check {setting}")]
    findings = [*_of_server(facts, here), _of_schema(found)]
    if all(each.verdict is Verdict.OK for each in findings):
        return [_finding(Verdict.OK, f"PostgreSQL {facts.version // 10_000} ({shown}), schema "
                         f"{found}")]  # fmt: skip
    return findings


def _of_server(facts: ServerFacts, here: Installation) -> list[Finding]:
    findings = []
    if facts.version // 10_000 < OLDEST:
        findings.append(
            _finding(Verdict.BAD, f"PostgreSQL {facts.version // 10_000} is too old",
                     f"Upgrade it to {OLDEST} or newer")
        )  # fmt: skip
    if facts.read_only:
        findings.append(
            _finding(Verdict.BAD, "The server takes no writes: a standby, or set to read only",
                     f"Name the primary in {variable('database_url')}")
        )  # fmt: skip
    if not facts.durable:
        findings.append(
            _finding(Verdict.BAD, "The server may lose what it has acknowledged (fsync or "
                     "synchronous_commit is off), and with it deliveries that Xero sends no more",
                     "Switch both on")
        )  # fmt: skip
    if not facts.may_create:
        findings.append(
            _finding(Verdict.BAD, "We may make no tables in this database",
                     "Give the user CREATE on its schema")
        )  # fmt: skip
    apart = abs(facts.now - here.clock.real())
    if apart > CLOCKS_APART:
        findings.append(
            _finding(Verdict.NOTE,
                     f"This machine's clock and the database's are {apart.total_seconds():.0f} s "
                     "apart", "Keep both by NTP")
        )  # fmt: skip
    return findings


def _of_schema(found: str | None) -> Finding:
    newest = newest_revision()
    if found is None:
        return _finding(Verdict.NOTE, "The database is empty", "The first start makes the tables")
    if found > newest:
        return _finding(
            Verdict.BAD, f"The schema is {found}, newer than this program, which knows {newest}",
            "Start the newer Ledgerwire instead",
        )  # fmt: skip
    if found < newest:
        return _finding(
            Verdict.NOTE, f"The schema is {found}, older than this program's {newest}",
            "The next start migrates it; processes of the older version should end before",
        )  # fmt: skip
    return _finding(Verdict.OK, f"The schema is {found}")


def _finding(verdict: Verdict, what: str, remedy: str = "") -> Finding:
    return Finding(PART, verdict, what, remedy)
