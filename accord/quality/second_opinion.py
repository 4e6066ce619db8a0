"""The second opinion: Great Expectations in a process of its own, started before it is needed.

Its import costs seconds and more memory than all the rest of a pass, so it does not share the
pass's process: it loads while the models are built, and its memory goes when it goes. It is spoken
to in lines of JSON; no row and no field value crosses.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from accord.contracts.model import Contract
from accord.contracts.odcs import entities
from accord.errors import Retry, Stop
from accord.quality.expectations import ExpectationOutcome, evaluate

URL_VARIABLE = "ACCORD_JUDGED_DATABASE"


class SecondOpinion:
    """Asks Great Expectations about tables of one database. Use it as a context.

    `contracts` is the folder of the entity contracts; `url` is the database as SQLAlchemy reads it.
    """

    def __init__(self, contracts: Path, url: str) -> None:
        self._contracts, self._url = contracts, url
        self._worker: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._worker is not None:
            self._worker.communicate()
            self._worker = None

    def warm(self) -> None:
        """Start the worker, without waiting for it; nothing happens when it runs already."""
        if self._worker is None or self._worker.poll() is not None:
            self._worker = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-W", "ignore", "-m", "accord.quality.second_opinion"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, URL_VARIABLE: self._url},
                text=True,
            )

    def evaluate(self, contract: Contract, partitions: Sequence[str]) -> list[ExpectationOutcome]:
        """Return what Great Expectations finds about each rule over these partitions.

        Raises Stop when an expectation cannot be evaluated, Retry when the worker is gone.
        """
        self.warm()
        asked = {
            "contracts": str(self._contracts),
            "entity": contract.name,
            "digest": contract.digest,
            "partitions": list(partitions),
        }
        answer = self._answered(json.dumps(asked))
        if "error" in answer:
            raise Stop(answer["error"], remedy=answer["remedy"])
        return [ExpectationOutcome(*outcome) for outcome in answer["outcomes"]]

    def _answered(self, line: str) -> dict[str, Any]:
        worker = self._worker
        assert worker is not None and worker.stdin and worker.stdout  # noqa: S101, PT018 - warm
        try:
            worker.stdin.write(line + "\n")
            worker.stdin.flush()
            told = worker.stdout.readline()
        except BrokenPipeError:
            told = ""
        if not told:
            raise Retry(
                "The Great Expectations worker ended without an answer",
                remedy="run again; if it stays, run `python -m accord.quality.second_opinion`",
            )
        answer: dict[str, Any] = json.loads(told)
        return answer


def main() -> None:
    """Answer one line for each line asked, until there are no more."""
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever prints must not garble the answers
    import great_expectations.expectations  # noqa: F401 - loaded while nobody waits for it yet

    for line in sys.stdin:
        try:
            _tell(answers, {"outcomes": _outcomes(json.loads(line))})
        except Stop as error:
            _tell(answers, {"error": error.what, "remedy": error.remedy})


def _outcomes(asked: dict[str, Any]) -> list[tuple[str, bool, int]]:
    contract = entities(Path(asked["contracts"]))[asked["entity"]]
    if contract.digest != asked["digest"]:
        raise Stop(f"The contract {contract.name} changed meanwhile", remedy="run again")
    found = evaluate(os.environ[URL_VARIABLE], contract, asked["partitions"])
    return [(item.rule, item.success, item.unexpected_count) for item in found]


def _tell(answers: IO[str], answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
