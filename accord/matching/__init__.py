"""Matching: which records are about the same real-world customer or product."""
