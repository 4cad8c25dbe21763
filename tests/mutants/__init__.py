"""Bugs planted on purpose, one patch each: the suite is worth what it finds of them.

A patch begins with the promise that it breaks (`Rule:`) and the tests that must notice
(`Found by:`); what follows is an ordinary diff against the product.
"""
