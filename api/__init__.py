"""What people and programs talk to over HTTP, webhooks apart: linking, health, metrics.

Webhooks are `receiver`'s. Nothing here reads or writes the mirror.
"""
