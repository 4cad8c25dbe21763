"""Xero's own SDK for Python against the simulator, by base URL alone."""
