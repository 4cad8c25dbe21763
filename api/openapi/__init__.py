"""The OpenAPI document: made from the catalogue of operations and from the resource files, so that
nothing is served that is not described, nor described that is not served.

* `naming`      how operations refer to schemas that several of them share
* `components`  those schemas: records, lists of them, what may be sent, problems
* `examples`    a record of each resource, and what one would send to make it
* `answers`     which problems an operation may answer with
* `document`    all of it put together
"""
