"""The error tree: the drawing is complete, and no message gives away what it must not."""

import inspect

from xero import errors
from xero.errors import Complaint, PayloadRefused, RateLimited, XeroError


def _drawn() -> dict[str, bool]:
    lines = [line.split() for line in (errors.__doc__ or "").splitlines()]
    return {words[1]: words[2] == "retriable" for words in lines if words[:1] == ["x"]}


def test_drawing_names_every_error_and_its_kind() -> None:
    """Who reads the module's first lines sees all there is, so the drawing must not rot."""
    classes = {
        name: cls.retriable
        for name, cls in inspect.getmembers(errors, inspect.isclass)
        if issubclass(cls, XeroError) and cls is not XeroError
    }

    assert _drawn() == classes


def test_payload_refused_message_leaves_out_what_xero_said() -> None:
    """Validation messages quote payloads, and messages of errors end in logs."""
    error = PayloadRefused(
        400, error_type="ValidationException", complaints=(Complaint("Jane owes 5"),)
    )

    assert "Jane" not in str(error)
    assert error.messages == ("Jane owes 5",)


def test_rate_limited_says_how_long_to_wait() -> None:
    """The wait is the point of this error."""
    error = RateLimited(None, "appminute", 22.0)

    assert (error.retriable, error.retry_after_s) == (True, 22.0)
