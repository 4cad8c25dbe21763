"""The demo: the main job from end to end on real parts, with no account and no server.

It starts the same programs as `up` in processes of their own, links organisations of the simulator
through the real OAuth flow, plays business days, and lets the oracle, which shares no code with
what it judges, compare the books with everything that came out.
"""
