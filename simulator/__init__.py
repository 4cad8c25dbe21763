"""A local Xero: identity, accounting API, webhooks, limits and faults under one base URL.

It stands in for another company, so it shares no code with the rest of the repository and
knows nothing of it. It is not a recording: books are kept by real arithmetic and real
rules, writes change them, and every change is stamped and announced as Xero does it.

Start it with `simulator.server.RunningSimulator` (tests, demo) or `simulator.server.serve`
(a program of its own). `simulator.control` documents how to steer it over HTTP.
"""
