"""Numbered migrations: NNNN_name.py with `revision`, `down_revision` and `upgrade()`."""
