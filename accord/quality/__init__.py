"""Judges whole tables against entity contracts: the gate in front of every delivery.

One SQL pass finds the failing rows; Great Expectations, built from the same rules, judges them
independently. Storing verdicts belongs to `accord.store`.
"""
