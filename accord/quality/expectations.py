"""The same rules as a Great Expectations suite, run on PostgreSQL as an independent second opinion.

Great Expectations is imported only here and only when asked: the import alone costs seconds. It
gets counts, never values: no failing value is fetched, and nothing is written to disk or sent.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from accord.contracts.model import Contract
from accord.errors import Stop
from accord.quality import sql_pass
from accord.quality.expectation_batches import COPIES, HOLDS, batch_query, row_query
from accord.quality.gate import PartitionVerdict
from accord.quality.rules import BatchRule, Rule, Rules, rules_of

if TYPE_CHECKING:
    from great_expectations.data_context import AbstractDataContext

_SOURCE = "accord"
_COUNTS = {"result_format": "SUMMARY", "partial_unexpected_count": 0}


@dataclass(frozen=True, slots=True)
class ExpectationOutcome:
    """What Great Expectations found about one rule over all asked partitions.

    `unexpected_count` is rows for rules about rows and unique values, partitions for the others.
    """

    rule: str
    success: bool
    unexpected_count: int


def evaluate(url: str, contract: Contract, partitions: Sequence[str]) -> list[ExpectationOutcome]:
    """Run the contract's suite over partitions of its table on the PostgreSQL at `url`.

    Raises Stop when an expectation could not be evaluated, or the database refuses.
    """
    sql_pass.check_partitions(contract, partitions)
    rules = rules_of(contract)
    with _context(url) as context, _silenced(contract):
        found = _validated(
            context, "rows", row_query(contract, rules, partitions), rules_on_rows(rules)
        )
        on_batch = [rule for rule in rules.batches if rule.kind != "unique"]
        if on_batch:
            query = batch_query(contract, on_batch, partitions)
            found += _validated(context, "partitions", query, on_batch)
    return sorted(found, key=lambda outcome: outcome.rule)


def rules_on_rows(rules: Rules) -> list[Rule]:
    """Return the rules judged on single rows, unique values among them."""
    return [*rules.rows, *(rule for rule in rules.batches if rule.kind == "unique")]


def agreement(
    verdicts: Iterable[PartitionVerdict], outcomes: Iterable[ExpectationOutcome]
) -> tuple[str, ...]:
    """Say for which rules the SQL pass and Great Expectations counted differently; ideally ().

    Both must be about the same partitions at the same version.
    """
    ours: Counter[str] = Counter()
    for verdict in verdicts:
        ours.update(verdict.broken)
    theirs = {outcome.rule: outcome.unexpected_count for outcome in outcomes}
    return tuple(
        f"{rule}: the SQL pass counts {ours[rule]}, Great Expectations "
        + (f"{theirs[rule]}" if rule in theirs else "does not know it")
        for rule in sorted({*ours, *theirs})
        if ours[rule] != theirs.get(rule)
    )


def _expectation(rule: Rule) -> Any:
    import great_expectations.expectations as gxe

    meta = {"rule": rule.name}
    if isinstance(rule, BatchRule):
        if rule.kind == "unique":
            column = COPIES + rule.name
            return gxe.ExpectColumnValuesToBeBetween(column=column, max_value=1, meta=meta)
        return gxe.ExpectColumnValuesToBeInSet(
            column=HOLDS + rule.name, value_set=[True], meta=meta
        )
    about = {"column": rule.column, "meta": meta}
    match rule.kind:
        case "not_null":
            return gxe.ExpectColumnValuesToNotBeNull(**about)
        case "in_list":
            return gxe.ExpectColumnValuesToBeInSet(value_set=list(rule.values), **about)
        case "not_in_list":
            return gxe.ExpectColumnValuesToNotBeInSet(value_set=list(rule.values), **about)
        case "pattern":
            return gxe.ExpectColumnValuesToMatchRegex(regex=f"^(?:{rule.pattern})$", **about)
        case "length":
            return gxe.ExpectColumnValueLengthsToBeBetween(max_value=_number(rule.maximum), **about)
        case "range":
            return gxe.ExpectColumnValuesToBeBetween(
                min_value=_number(rule.minimum), max_value=_number(rule.maximum), **about
            )
        case "row_condition":
            return gxe.ExpectColumnValuesToBeInSet(
                column=HOLDS + rule.name, value_set=[True], meta=meta
            )


def _number(limit: Decimal | None) -> int | float | None:
    """Return a limit as a number that JSON has; its text, which SQL gets, is the same."""
    if limit is None:
        return None
    return int(limit) if limit == limit.to_integral_value() else float(limit)


def _validated(
    context: AbstractDataContext, name: str, query: str, rules: Sequence[Rule]
) -> list[ExpectationOutcome]:
    import great_expectations as gx

    source = context.data_sources.get(_SOURCE)
    rows = source.add_query_asset(name, query).add_batch_definition_whole_table(name)
    expectations = [_expectation(rule) for rule in rules]
    suite = context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations))
    judged = context.validation_definitions.add(
        gx.ValidationDefinition(name=name, data=rows, suite=suite)
    )
    found = []
    for result in judged.run(result_format=_COUNTS).results:
        rule = result.expectation_config.meta["rule"]
        if result.exception_info.get("raised_exception", True):
            raise Stop(
                f"Great Expectations could not evaluate the rule {rule}",
                remedy="run the rule's SQL by hand, and compare its columns with the table",
            )
        count = int(result.result["unexpected_count"] or 0)  # None where there is no row
        found.append(ExpectationOutcome(rule, bool(result.success), count))
    return found


@contextmanager
def _silenced(contract: Contract) -> Iterator[None]:
    """Turn the database's errors, whose text may hold a value, into ours."""
    try:
        yield
    except DBAPIError as error:
        raise Stop(
            f"Great Expectations could not judge {contract.table}: {type(error.orig).__name__}",
            remedy="run the contract's conditions and queries by hand to see which one fails",
        ) from None


@contextmanager
def _context(url: str) -> Iterator[AbstractDataContext]:
    """Yield an in-memory context with the database; it neither writes files nor calls home."""
    with warnings.catch_warnings():
        # Its own use of its dependencies warns; that is nothing anybody here can act on.
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.data_context.types import base

        logging.getLogger("great_expectations").setLevel(logging.ERROR)
        context = gx.get_context(
            mode="ephemeral",
            project_config=base.DataContextConfig(
                store_backend_defaults=base.InMemoryStoreBackendDefaults(
                    init_temp_docs_sites=False
                ),
                analytics_enabled=False,
                progress_bars={"globally": False},
            ),
        )
        address = make_url(url).set(drivername="postgresql+psycopg2")
        source = context.data_sources.add_sql(
            _SOURCE,
            connection_string=address.render_as_string(hide_password=False),
            # Without it, the columns are found out by fetching the whole query.
            create_temp_table=True,
        )
        try:
            yield context
        finally:
            source.get_execution_engine().close()
            source.get_engine().dispose()
