"""Benchmarks: each prints a ratio against a named baseline of the same run, and keeps its figures
in bench/results/."""
