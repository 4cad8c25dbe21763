"""Tests of the benchmarks themselves: that they run, and what is made of their results."""
