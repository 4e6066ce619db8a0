"""dbt inside the running process: imported late, parsed once, warm from then on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from accord import lineage
from accord.errors import Stop
from accord.lineage import PROJECT
from accord.settings import Settings
from accord.store.database import Role
from accord.store.server import Address

_TLS_FILES = ("sslrootcert", "sslcert", "sslkey")


class Dbt:
    """Runs selected models of the project as the modeler role."""

    def __init__(self, settings: Settings, address: Address) -> None:
        self._home = settings.home
        self._folder = lineage.dbt_folder(settings.home)
        self._address = address
        self._manifest: Any = None

    @cached_property
    def version(self) -> str:
        """The identity of the project's code; models built by another version are stale."""
        return lineage.code_version()

    def described(self) -> Mapping[str, Any]:
        """The project as dbt understands it (its manifest), parsed anew only after a change."""
        if not lineage.is_described(self._home):
            self._parsed()
            lineage.keep_description(self._home)
        return lineage.described(self._home) or {}

    def seed(self) -> None:
        """Load the seeds."""
        self._invoke(["seed", "--full-refresh"])

    def run(
        self, select: Sequence[str], *, days: Sequence[str], full_refresh: bool = False
    ) -> Mapping[str, float]:
        """Build the selected models for the days given; return seconds a model.

        Raises Stop with dbt's own words when a model fails; nothing of that model is kept.
        """
        arguments = ["run", "--vars", json.dumps({"days": list(days)})]
        if select:
            arguments += ["--select", *select]
        if full_refresh:
            arguments.append("--full-refresh")
        result = self._invoke(arguments)
        return {item.node.name: item.execution_time for item in result}

    def _parsed(self) -> Any:
        if self._manifest is None:
            self._manifest = self._called(None, ["parse"]).result
        return self._manifest

    def _invoke(self, arguments: Sequence[str]) -> Any:
        return self._called(self._parsed(), arguments).result

    def _called(self, manifest: Any, arguments: Sequence[str]) -> Any:
        with self._environment():
            from dbt.cli.main import dbtRunner

            answer = dbtRunner(manifest=manifest).invoke(
                [
                    "--quiet", "--no-use-colors", "--log-level", "none", "--log-level-file", "none",
                    *arguments,
                    "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
                    "--target-path", str(self._folder),
                ]
            )  # fmt: skip
        if answer.success:
            return answer
        raise Stop(
            f"dbt {arguments[0]} failed: {_said(answer)}", remedy="mend the model, run again"
        )

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """Hand dbt the address through its environment variables, and take them back after."""
        self._folder.mkdir(parents=True, exist_ok=True)
        options = self._address.parameters
        values = {
            **{f"PG{name.upper()}": options[name] for name in _TLS_FILES if name in options},
            "ACCORD_DBT_SSLMODE": options.get("sslmode", "prefer"),
            "ACCORD_DBT_HOST": self._address.host,
            "ACCORD_DBT_PORT": str(self._address.port),
            "ACCORD_DBT_USER": self._address.user,
            "ACCORD_DBT_PASSWORD": self._address.password,
            "ACCORD_DBT_DATABASE": self._address.database,
            "ACCORD_DBT_ROLE": Role.MODELER.value,
            "DBT_TARGET_PATH": str(self._folder),
            "DBT_LOG_PATH": str(self._folder / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _said(answer: Any) -> str:
    """Name the models that failed and why; database messages carry no row values here."""
    if answer.exception is not None:
        return str(answer.exception).splitlines()[0]
    failed = [
        f"{item.node.name}: {str(item.message).splitlines()[0]}"
        for item in answer.result or ()
        if str(item.status) not in ("success", "pass")
    ]
    return "; ".join(failed) or "no model says why"
