"""The agreed shape, quality, privacy and freshness of streams and entities, and of outcomes.

Reads contract files and judges single records against them. Judging whole tables is the business
of `accord.quality`.
"""
