"""Tests of the unified model: pure functions, no servers."""
