"""Benchmarks: how fast, how much memory, beside what this machine can do and what others take.

Nothing here is part of a pass, and no test measures time. README.md says how to read the tables.
"""
