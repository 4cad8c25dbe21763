"""Seeded histories of the whole system in one process, under a virtual clock."""
