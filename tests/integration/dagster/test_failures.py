"""What a failure means to Dagster: which are tried again, and what is written down about them."""

from collections.abc import Callable

import dagster as dg
import pytest

from accord.errors import Park, Retry, Stop
from integration_assets.failures import NO_RUN_RETRY, RETRIES, classed

SECRET_VALUE = "Ada Lovelace"


def executed(fail: Callable[[], None]) -> tuple[dg.ExecuteInProcessResult, int, str]:
    """Run an op that fails so until it is given up; return the run, its tries and its run tag."""
    tries = []

    @dg.op
    def failing(context: dg.OpExecutionContext) -> None:
        tries.append(1)
        with classed(context, retries=RETRIES._replace(delay=0)):
            fail()

    @dg.job(executor_def=dg.in_process_executor)
    def once() -> None:
        failing()

    with dg.DagsterInstance.ephemeral() as instance:
        done = once.execute_in_process(instance=instance, raise_on_error=False)
        run = instance.get_run_by_id(done.run_id)
        assert run is not None
        return done, len(tries), run.tags.get(NO_RUN_RETRY, "")


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_what_may_pass_is_tried_again_up_to_the_policy() -> None:
    done, tries, tag = executed(raising(Retry("It is away", remedy="run again")))
    assert (done.success, tries, tag) == (False, 1 + RETRIES.max_retries, "")


@pytest.mark.parametrize(
    "error",
    [Stop("It refuses us", remedy="ask"), Park("One record", cause="odd", remedy="mend it")],
)
def test_what_no_rerun_helps_is_tried_once_and_tells_run_retries_so(error: Exception) -> None:
    done, tries, tag = executed(raising(error))
    assert (done.success, tries, tag) == (False, 1, "false")


def test_an_error_that_is_not_ours_is_named_and_located_but_not_quoted() -> None:
    done, tries, _ = executed(raising(ValueError(f"{SECRET_VALUE} is no number")))
    assert tries == 1 + RETRIES.max_retries
    written = repr([event.event_specific_data for event in done.all_events])
    assert SECRET_VALUE not in written
    assert "An unexpected ValueError in tests/integration/dagster/test_failures.py:" in written


def test_our_sentence_and_its_remedy_are_what_dagster_shows() -> None:
    done, _, _ = executed(raising(Stop("Xero refuses us", remedy="renew the secret")))
    (failed,) = [event for event in done.all_events if event.is_step_failure]
    failure = failed.step_failure_data.user_failure_data
    assert failure.description == "Xero refuses us. Remedy: renew the secret."
    assert failure.metadata["remedy"].value == "renew the secret"
