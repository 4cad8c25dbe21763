"""Tests of unified reads."""
