"""Profiling: how good the records of a system are, before anything is made to depend on them.

Everything is counted from what is landed, in one pass over each table. A profile names columns,
shares and shapes of values (`9999-99-99`), and never a value itself.
"""

from accord.profiling.columns import ColumnProfile, Tally
from accord.profiling.findings import Finding, findings
from accord.profiling.profile import EntityProfile, SystemProfile, TableProfile

__all__ = [
    "ColumnProfile",
    "EntityProfile",
    "Finding",
    "SystemProfile",
    "TableProfile",
    "Tally",
    "findings",
]
