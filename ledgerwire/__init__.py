"""The ledgerwire command: settings, wiring of the roles into processes, and the demo.

Not here: what the roles do. Each lives in a package of its own, and this one imports them all.
"""
