"""Unified reads: lists and single records of the mirror, or through Xero; reports, files, history.

Writing stands elsewhere, and so does Xero's API as it is, the proxy.
"""
