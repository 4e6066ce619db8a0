"""A store with models of undated objects, and a register they are delivered to."""

from __future__ import annotations

import pytest

from accord.store.database import Store
from tests.support import engine, registers
from tests.support.registers import Keeper, Register


@pytest.fixture(scope="module")
def installed(installed: Store) -> Store:
    """A store with the models' tables."""
    registers.tables(installed)
    return installed


@pytest.fixture
def keeper(installed: Store) -> Keeper:
    """One who delivers from that store, emptied, to an empty register."""
    return Keeper(engine.emptied(registers.emptied(installed)), Register())
