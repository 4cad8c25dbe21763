"""Payment status for CRMs: a consumer of the events of invoices, credits and payments, like others.

It knows Ledgerwire by its topics alone. Not for talking to Xero, and not for the mirror.
"""
