"""What dbt is told about the database it works in."""

from __future__ import annotations

import os
from pathlib import Path

from accord.settings import Settings
from accord.store.server import parsed
from resources.dbt import Dbt


def test_dbt_verifies_the_server_as_every_other_connection_does(tmp_path: Path) -> None:
    address = parsed("postgresql://a:b@h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem")
    before = dict(os.environ)
    with Dbt(Settings(tmp_path, None, {}), address)._environment():
        assert os.environ["ACCORD_DBT_SSLMODE"] == "verify-full"
        assert os.environ["PGSSLROOTCERT"] == "/etc/ca.pem"
        assert os.environ["ACCORD_DBT_ROLE"] == "accord_modeler"
    assert dict(os.environ) == before
