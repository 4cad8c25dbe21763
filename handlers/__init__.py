"""The programs that turn hints into events: plan, fetch, absorb, relay, and their caretakers.

Everything that moves the mirror goes through `handlers.absorb`; everything published comes from
one of its commits.
"""
