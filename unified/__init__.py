"""The unified model: what Ledgerwire says about the books, whatever Xero calls it.

Pure: no network, no database, no clock of its own. It is not where records are compared with
what was known (handlers/absorb.py) or sent (handlers/relay.py).
"""
