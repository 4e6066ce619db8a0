"""The mainframe's accounts, from the payloads its client gives to customers in canonical terms."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from accord.emulation.population import known_to
from systems.mainframe.records import payload
from tests.support import mainframe
from tests.support.mainframe import FIRST, SEED
from tests.support.warehouse import Warehouse

MODEL = "int_customers__from_mainframe"


def land(warehouse: Warehouse, key: str, held: bytes | None) -> None:
    """Land a version of an account; None when it is gone."""
    warehouse.query(
        "insert into landing.mainframe__loyalty_accounts"
        " (partition_key, source_key, content_hash, payload, run_id)"
        " values ('', %s, ''::bytea, %s, 'run')",
        [key, held],
    )


def test_an_extract_becomes_the_customers_that_the_mainframe_knows(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    for record in mainframe.read(mainframe.started(tmp_path)).records:
        land(warehouse, record.key, record.payload)
    found = {row["loyalty_code"]: row for row in warehouse.rows("intermediate", MODEL)}
    parties = known_to("mainframe", SEED, FIRST)
    assert len(found) == len(parties) > 20
    for party in parties:
        row = found[party.loyalty_code]
        assert (row["stream"], row["source_key"]) == ("loyalty_accounts", party.loyalty_code)
        assert (row["kind"], row["status"], row["name"]) == ("person", "active", None)
        assert (row["first_name"], row["last_name"]) == (party.first_name, party.last_name)
        assert (row["street"], row["city"]) == (party.street, party.city)
        assert (row["postcode"], row["country"]) == (party.postcode, party.country)
        assert row["phone"] == (party.phone or None)
        assert row["birth_date"] == date.fromisoformat(party.birth_date)
        assert (row["loyalty_tier"], row["loyalty_points"]) == (
            party.loyalty_tier, party.loyalty_points,
        )  # fmt: skip
        assert row["changed_at"] == party.changed_at


def test_companies_closed_accounts_and_odd_names_are_told_and_gone_accounts_are_not(
    warehouse: Warehouse,
) -> None:
    fields = {
        "la_changed_at": "2026-03-08 22:15:00", "la_points": -7, "la_status": "A",
        "la_holder_kind": "P", "la_movement_count": 0,
    }  # fmt: skip
    firm = {"la_holder_kind": "C", "la_company_name": "DALE BOOKS LTD", "la_status": "X"}
    land(warehouse, "1", payload(b"", fields | firm | {"la_account": "1"}))
    land(warehouse, "2", payload(b"", fields | {"la_account": "2", "la_name": "HALE BENEDICT"}))
    land(warehouse, "3", payload(b"", fields | {"la_account": "3"}))
    land(warehouse, "3", None)
    firm_row, odd = sorted(
        warehouse.rows("intermediate", MODEL), key=lambda row: str(row["source_key"])
    )
    assert (firm_row["kind"], firm_row["organisation"]) == ("organisation", "DALE BOOKS LTD")
    assert (firm_row["status"], firm_row["loyalty_points"]) == ("inactive", -7)
    assert firm_row["changed_at"] == datetime(2026, 3, 8, 22, 15, tzinfo=UTC)
    assert (odd["name"], odd["first_name"], odd["last_name"]) == ("HALE BENEDICT", None, None)


def test_one_record_is_found_by_landings_key(warehouse: Warehouse) -> None:
    plan = warehouse.plan(
        "select * from intermediate.int_customers__from_mainframe"
        " where stream = 'loyalty_accounts' and source_key = '04000037'"
    )
    assert "Index Cond: (source_key = '04000037'::text)" in plan
