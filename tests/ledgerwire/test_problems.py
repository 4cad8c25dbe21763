"""What a person is told when a command fails: one sentence, one remedy, the right exit code."""

import errno
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from click.testing import CliRunner

from ledgerwire.cli import cli
from ledgerwire.cli.problems import BUG, exit_code_of, explain
from ledgerwire.failures import CannotListen, JobFailed, WrongUsage, listening
from ledgerwire.settings import SettingsError
from storage.errors import SchemaTooNew, StorageUnavailable
from xero.errors import XeroUnreachable

PROBLEMS = [
    (SettingsError("LEDGERWIRE_PORT is wrong: no. Example: LEDGERWIRE_PORT=1"), 2),
    (WrongUsage("There is no topic x"), 2),
    (JobFailed("It differs"), 1),
    (SchemaTooNew("The database is newer than this program: start the newer one."), 1),
    (StorageUnavailable("the database does not answer: Connection refused"), 3),
    (KafkaConnectionError("Unable to bootstrap from [('h', 1, <AddressFamily.AF_INET: 2>)]"), 3),
    (TopicAuthorizationFailedError(), 3),
    (XeroUnreachable("no answer"), 3),
    (CannotListen("127.0.0.1, port 1 can't be listened on: Permission denied"), 3),
    (OSError(errno.ENOSPC, "No space left on device"), 3),
    (PermissionError(errno.EACCES, "Permission denied", "/data/x"), 3),
    (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), 3),
]


@pytest.mark.parametrize(("error", "code"), PROBLEMS, ids=lambda each: type(each).__name__)
def test_expected_problem_is_told_and_not_called_a_bug(error: Exception, code: int) -> None:
    """Whatever can happen to a well-built installation has its own remedy."""
    told = explain(error)

    assert exit_code_of(error) == code
    assert BUG not in told
    assert "\n" not in told
    assert told.endswith(".") or "Example:" in told
    assert "AddressFamily" not in told


def test_error_in_a_group_is_told_like_the_error_itself() -> None:
    """Roles run in task groups, of which nobody but us should know."""
    group = ExceptionGroup("unhandled errors in a TaskGroup", [StorageUnavailable("away")])

    assert explain(group) == explain(StorageUnavailable("away"))
    assert exit_code_of(group) == 3


def test_mistake_of_ours_is_called_one() -> None:
    """Nobody should look for the fault of a KeyError in the own settings."""
    assert BUG in explain(KeyError("entity"))
    assert exit_code_of(KeyError("entity")) == 1


def test_taken_port_is_named() -> None:
    """The commonest trouble of all at a first start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(CannotListen, match=f"127.0.0.1, port {port} can't be listened on"):
            listening("127.0.0.1", port)


def _ledgerwire(
    *arguments: str, environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ledgerwire", *arguments],
        env={"PATH": "/usr/bin:/bin", **environment},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "told"),
    [
        (["config", "check"], {}, 2, "LEDGERWIRE_XERO_CLIENT_ID is missing"),
        (["up"], {}, 2, "`ledgerwire setup` asks for all that is needed."),
        (["config", "show"], {"LEDGERWIRE_PRT": "1"}, 2, "did you mean LEDGERWIRE_PORT?"),
        (["tenants"], {"LEDGERWIRE_DATA_DIR": "afile"}, 2, "LEDGERWIRE_DATA_DIR is wrong"),
        (
            ["tenants"],
            {"LEDGERWIRE_DATABASE_URL": "postgresql://u:hush@127.0.0.1:1/x"},
            3,
            "Check LEDGERWIRE_DATABASE_URL",
        ),
        (["tail"], {"LEDGERWIRE_KAFKA": "127.0.0.1:1"}, 3, "Check LEDGERWIRE_KAFKA"),
        (["tail", "nonsense"], {}, 2, "There is no topic nonsense"),
        (["run", "simulator", "api"], {}, 2, "in a process of its own"),
        (["demo", "--keep", "full"], {}, 2, "full is not empty"),
    ],
)
def test_program_ends_with_one_line_and_the_code(
    arguments: list[str], environment: dict[str, str], code: int, told: str, tmp_path: Path
) -> None:
    """The whole program, as a person starts it: no traceback, no secret, nothing left running."""
    (tmp_path / "afile").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()

    ended = _ledgerwire(*arguments, environment=environment, folder=tmp_path)

    assert ended.returncode == code
    assert ended.stderr.startswith("ledgerwire: ")
    assert ended.stderr.count("\n") == 1
    assert told in ended.stderr
    assert "hush" not in ended.stderr


def test_file_that_setup_wrote_and_nobody_named_is_pointed_at(tmp_path: Path) -> None:
    """A new terminal is the commonest reason for missing settings."""
    (tmp_path / "ledgerwire.env").touch()

    forgotten = _ledgerwire("up", environment={}, folder=tmp_path)
    named = _ledgerwire(
        "up", environment={"LEDGERWIRE_ENV_FILE": "ledgerwire.env"}, folder=tmp_path
    )

    assert forgotten.returncode == named.returncode == 2
    assert "Did you mean `export LEDGERWIRE_ENV_FILE=$PWD/ledgerwire.env`?" in forgotten.stderr
    assert "`ledgerwire setup` asks" in named.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--seconds", "-1"],
        ["demo", "--tenants", "0"],
        ["demo", "--port", "70000"],
        ["simulate", "--port", "-5"],
        ["simulate", "--webhook-url", "nonsense"],
        ["tail", "--tenant", "bogus"],
        ["tail", "--from", "yesterday"],
        ["run"],
        ["run", "cooker"],
        ["backfill"],
        ["backfill", "someone", "--since", "yesterday"],
        ["replay"],
        ["replay", "--tenant", "someone", "--from", "yesterday"],
        ["keys", "create", "--name", "x"],
        ["keys", "create", "--name", " ", "--scope", "read"],
        ["keys", "create", "--name", "x", "--scope", "everything"],
        ["doctor", "printer"],
        ["doctor", "webhook", "--url", "my-tunnel.example"],
    ],
)
def test_wrong_option_is_refused_before_anything_starts(arguments: list[str]) -> None:
    """Usage errors exit with 2 and point at the help."""
    ended = CliRunner().invoke(cli, arguments)

    assert ended.exit_code == 2
    assert "--help" in ended.output
