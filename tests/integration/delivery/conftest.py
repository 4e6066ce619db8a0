"""A store with models of undated objects, and a register they are delivered to."""

from __future__ import annotations

import pytest

from accord.store.database import Store
from tests.support import engine, registers
from tests.support.registers import Keeper, Register


@pytest.fixture(scope="module")
def installed(database: str) -> Store:
    """A store with the models' tables."""
    store = engine.a_store(database)
    registers.tables(store)
    return store


@pytest.fixture
def keeper(installed: Store) -> Keeper:
    """One who delivers from that store, emptied, to an empty register."""
    return Keeper(engine.emptied(registers.emptied(installed)), Register())
