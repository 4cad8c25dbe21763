"""Ways in which a command can fail that are nobody's bug; the message is a sentence for a person.

What it means for the exit code, and the remedy that follows the sentence, stand in cli/problems.
"""

import socket


class JobFailed(Exception):
    """The job ran and its outcome is a failure; the message says which, and what to do."""


class WrongUsage(Exception):
    """What was asked for does not exist or can't be combined; the message says what can."""


class NothingRuns(Exception):
    """What would do the job is not running; the message says what to start."""


class CannotListen(Exception):
    """The port is taken, or the address is not ours."""


def listening(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        CannotListen: with host, port and the system's reason.
    """
    from receiver.server import listen  # not needed by commands that serve nothing

    try:
        return listen(host, port)
    except OSError as error:
        said = (error.strerror or str(error)).partition(" (while")[0]
        raise CannotListen(f"{host}, port {port} can't be listened on: {said}") from None
