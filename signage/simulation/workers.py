"""Processes on this machine, and how far each of their jobs is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from signage.text.terminal import log_warnings

Work = TypeVar("Work")
Found = TypeVar("Found")

Tell = Callable[[float], None]
"""Told how much is done, in any unit."""

_LOOK_S = 0.2
"""So often the progress bar moves."""

# In a process of `Processes`: how much of each job is done, in memory that all of them share.
_progress: Any = None


class Processes(ProcessPoolExecutor):
    """Each of ``jobs`` has a place in shared memory, where its process writes how far it is."""

    def __init__(self, workers: int, jobs: int) -> None:
        # Not forked: the numeric libraries have threads.
        context = get_context("spawn")
        self.progress: Any = context.RawArray("d", jobs)
        super().__init__(workers, context, initializer=_begin, initargs=(self.progress,))


@contextmanager
def processes(workers: int | None, jobs: int) -> Iterator[Executor | None]:
    """Processes for `each` of so many jobs, one for each core unless ``workers`` says how many.

    None where one is enough.
    """
    number = min(workers or os.cpu_count() or 1, jobs)
    if number <= 1:
        yield None
        return
    with Processes(number, jobs) as pool:
        yield pool


def each(
    do: Callable[[Work, Tell], Found],
    jobs: Sequence[Work],
    sizes: Sequence[float],
    executor: Executor | None,
    on_progress: Tell,
) -> Iterator[tuple[int, Found]]:
    """``do`` each of ``jobs``, in this process without an ``executor``; with its index, when done.

    ``do`` reports how much of its ``sizes`` is done, and ``on_progress`` gets the sum over all
    jobs. On a cluster, whose workers cannot call back, it gets that of the jobs that are done.
    """
    done = [0.0] * len(jobs)
    if executor is None:
        for index, job in enumerate(jobs):
            before = sum(done)
            yield index, do(job, lambda amount, before=before: on_progress(before + amount))  # type: ignore[misc]
            done[index] = sizes[index]
            on_progress(sum(done))
        return
    progress = executor.progress if isinstance(executor, Processes) else done
    asked: dict[Future[Found], int] = {
        executor.submit(_do, do, job, index): index for index, job in enumerate(jobs)
    }
    try:
        while asked:
            ready, _ = wait(asked, _LOOK_S, FIRST_COMPLETED)
            for future in ready:
                index = asked.pop(future)
                yield index, future.result()
                done[index] = sizes[index]
            on_progress(sum(map(max, done, progress)))
    finally:
        for future in asked:
            future.cancel()


def _begin(progress: Any) -> None:
    """What a process needs; it speaks in the words of the command."""
    global _progress  # noqa: PLW0603 - the only way into a process of a pool
    _progress = progress
    log_warnings()


def _do(do: Callable[[Work, Tell], Found], job: Work, index: int) -> Found:
    def tell(amount: float) -> None:
        if _progress is not None:
            _progress[index] = amount

    return do(job, tell)
