"""Tests of the local Xero: real requests against a running simulator."""
