"""Payment status for CRMs: a consumer of invoice events like any other.

It knows Ledgerwire by its topics alone. Not for talking to Xero, and not for the mirror.
"""
