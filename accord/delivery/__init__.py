"""Delivery: bringing destinations to the state the publish models describe, each write once."""
