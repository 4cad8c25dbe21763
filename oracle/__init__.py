"""The independent judge: does what Ledgerwire published agree with the books it read?

Plain data in, differences out; no network, no database, no clock. It stands outside: it shares no
code with the product, and where both compute the same thing (ids, dates, amounts, statuses) they
were written apart, so that one mistake cannot hide in both.

    judge     the whole verdict
    report    its printable form
    books     the raw books, whatever envelope they come in
"""
