"""The handlers: pure decisions, absorbing on a real database, work against a simulated Xero."""
