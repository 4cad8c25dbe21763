"""The test suite; shared fixtures stand in conftest.py."""
