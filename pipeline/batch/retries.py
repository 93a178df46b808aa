"""Whether a job whose worker died is tried again."""

from pipeline.batch.jobs.job import FAILED, STOPPED, WAITING, Job, JobState


def retry(state: JobState, job: Job, why: str, *, alone: bool, tries: int, stopping: bool) -> None:
    """Have a job wait for another worker, or fail it after too many deaths without a new frame.

    Args:
        why: how the worker died, in words.
        alone: whether the job was alone in its worker; only then the death counts against it.
        tries: deaths without a new frame that fail a job.
        stopping: whether the batch starts no more jobs.
    """
    state.deaths, state.seconds_left = state.deaths + 1, None
    if alone:
        state.fruitless_deaths += 1
    if state.fruitless_deaths >= tries:
        state.status = FAILED
        state.message = f"{why}, {state.fruitless_deaths} times at frame {state.done}; its log: {job.log}"
    else:
        state.status = STOPPED if stopping else WAITING
        state.message = f"{why}; continuing from frame {state.done}{'' if alone else ', alone'}"
