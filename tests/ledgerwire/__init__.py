"""Tests of the ledgerwire package."""
