"""What Xero says no with, before it becomes an HTTP answer.

* Refusal
  x Refused         the element breaks rules: one message per rule (400, ErrorNumber 10)
  x PostUnreadable  the body isn't what this endpoint takes (400, ErrorNumber 17)
  x QueryUnreadable where, order or a filter can't be read (400, ErrorNumber 16)
  x NotFound        no such record (404, a sentence of HTML)
"""


class Refusal(Exception):
    """Base of all of them."""


class Refused(Refusal):
    """The element breaks rules.

    Attributes:
        messages: Xero's sentences, one per rule.
    """

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


class PostUnreadable(Refusal):
    """The body isn't what this endpoint takes."""


class QueryUnreadable(Refusal):
    """A query parameter can't be read."""


class NotFound(Refusal):
    """No such record."""
