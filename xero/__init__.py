"""Everything that speaks to Xero: consent, calls, paging, limits and errors.

What an answer means for the mirror is not known here: that is `unified` (one record) and `handlers`
(many of them). Nothing here knows the database; what calls need of it is asked for by protocol.
"""
