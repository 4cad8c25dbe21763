"""Acceptance: the whole chain, from a signed webhook to the topics, on real parts."""
