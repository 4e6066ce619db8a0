"""Xero, the accounting system."""
