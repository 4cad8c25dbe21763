"""The program that takes Xero's webhooks: verify, store, answer. Nothing else happens here.

What a delivery means is found out later, by handlers/; it is never fetched or published from here.
"""
