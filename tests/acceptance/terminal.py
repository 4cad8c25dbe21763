"""A terminal with one of our programs in it, as a person sits before it."""

import io
import os
import re
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import pexpect

AGAIN_S = 15.0  #: until Ctrl-C is pressed again; a program may take ten to end
ANSWER_S = 60.0  #: for the next thing to be said, on a machine that is busy
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Terminal:
    """One program in a terminal of 100 columns, until it ends or the block does."""

    def __init__(self, folder: Path, variables: Mapping[str, str], *words: str) -> None:
        self.words = words
        self._child: pexpect.spawn[str] = pexpect.spawn(
            sys.executable,
            ["-m", "ledgerwire", *words],
            cwd=str(folder),
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100", **variables},
            dimensions=(50, 100),
            encoding="utf-8",
            timeout=ANSWER_S,
            # Whatever runs in the background of a shell that knows no jobs ignores Ctrl-C, and
            # hands that down; a person's terminal does not.
            preexec_fn=_hear_interrupts,
        )
        self._transcript = io.StringIO()
        self._child.logfile_read = self._transcript

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._child.close(force=True)

    def says(self, *phrases: str) -> None:
        """Wait until it has said these, in this order, however lines are broken."""
        for phrase in phrases:
            spaced = r"\s+".join(map(re.escape, phrase.split()))
            self._child.expect(spaced)

    def answer(self, prompt: str, *answers: tuple[str, str] | str) -> None:
        """Answer a prompt wrongly, see what it says to that, and at last rightly.

        Each but the last answer comes with the words that must follow it.
        """
        for each in answers:
            self.says(prompt)
            text, said = each if isinstance(each, tuple) else (each, "")
            self._child.sendline(text)
            if said:
                self.says(said)

    @contextmanager
    def looked_away(self) -> Iterator[None]:
        """Let the terminal take what is said meanwhile: one that is full makes programs wait."""
        over = threading.Event()

        def take() -> None:
            while not over.is_set():
                with suppress(pexpect.TIMEOUT):
                    self._child.read_nonblocking(4096, timeout=0.1)

        taking = threading.Thread(target=take)
        taking.start()
        try:
            yield
        finally:
            over.set()
            taking.join()

    def interrupt(self) -> int:
        """Press Ctrl-C, and again where nothing follows, as people do: Python may miss the first
        one between printing a prompt and waiting for its answer. Returns the exit code."""
        for _ in range(int(ANSWER_S / AGAIN_S)):
            self._child.sendintr()
            if self._child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=AGAIN_S) == 0:
                break
        return self.ends()

    def ends(self) -> int:
        """Wait for its end; returns the exit code."""
        if not self._child.flag_eof:
            self._child.expect(pexpect.EOF)
        self._child.close()
        assert self._child.exitstatus is not None, f"ended by signal {self._child.signalstatus}"
        return int(self._child.exitstatus)

    @property
    def said(self) -> str:
        """Everything that stood in the terminal so far, without colours."""
        return _COLOURS.sub("", self._transcript.getvalue())
