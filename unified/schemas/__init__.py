"""What consumers can hold our records and events to: JSON Schema 2020-12, one file per version.

`writing` makes the documents from the models, `privacy` says how careful one has to be with each
field, `compatibility` compares two versions, `committed` reads what was published so far. What is
published on which topic stands in the AsyncAPI document, which ledgerwire/asyncapi.py makes.
"""
