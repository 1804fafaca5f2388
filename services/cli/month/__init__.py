"""A month at the front door, lived through in minutes: the real services under a clock that people turn.

Run by `frontdoor demo --month`, on a database of its own that is gone afterwards.
"""
