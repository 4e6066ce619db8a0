"""Builds contracts for tests: as values, and as files the parser reads."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from accord.contracts.model import Column, Contract, Quality, SchemaMode


def a_contract(
    *columns: Column,
    name: str = "shop.orders",
    table: str = "canonical.orders",
    mode: SchemaMode = "evolve",
    partition: str | None = None,
    budget: str = "0",
    rules: tuple[Quality, ...] = (),
) -> Contract:
    """Return a contract with these columns; the first primary key column is its key."""
    keys = [column.name for column in columns if column.primary_key]
    return Contract(
        name=name,
        version="1.0.0",
        table=table,
        grain="one row an order",
        description="Orders",
        owner="sales@company.example",
        schema_mode=mode,
        partition_column=partition,
        key_column=keys[0] if keys else None,
        reject_budget=Decimal(budget),
        columns=columns,
        rules=rules,
        freshness=None,
        digest="0" * 64,
    )


def a_document(**changes: Any) -> dict[str, Any]:
    """Return a small valid ODCS document; `changes` replace its top-level members."""
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "order",
        "name": "order",
        "version": "1.0.0",
        "status": "active",
        "team": {"name": "Sales", "members": [{"username": "a@company.example", "role": "owner"}]},
        "slaProperties": [{"property": "freshness", "value": 26, "unit": "h"}],
        "customProperties": [
            {"property": "schemaMode", "value": "freeze"},
            {"property": "rejectBudget", "value": 0.01},
        ],
        "schema": [a_table()],
        **changes,
    }


def a_table(**changes: Any) -> dict[str, Any]:
    """Return the schema entry of `a_document`."""
    return {
        "name": "orders",
        "physicalName": "canonical.orders",
        "dataGranularityDescription": "one row an order",
        "properties": [
            {"name": "order_id", "logicalType": "string", "primaryKey": True},
            {"name": "ordered_on", "logicalType": "date", "partitioned": True, "required": True},
        ],
        **changes,
    }


def write(folder: Path, document: Any, *, name: str = "order.v1.odcs.yaml") -> Path:
    """Write a document as a contract file and return its path."""
    path = folder / name
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path
