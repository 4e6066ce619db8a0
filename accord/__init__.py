"""The engine of Accord: a library with no Dagster inside."""

__version__ = "0.1.0"
