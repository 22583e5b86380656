"""Many simulations at once: on all cores, or on a cluster that is there already.

A job is data, and so is what comes back: nothing is shared but the program, and the models at the
same place. So the same jobs run in this process, in others on this machine, and on other machines,
and give the same bytes.
"""

from __future__ import annotations

import importlib
import json
import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from signage.config.config import Config
from signage.content.catalogue import Catalogue
from signage.errors import SignageError
from signage.extras import require_extra
from signage.simulation.recordings.file import load
from signage.simulation.recordings.recording import Recording
from signage.simulation.simulate import Simulation
from signage.simulation.viewers.model import ResponseModel
from signage.simulation.workers import Tell, each

_JOURNAL = "journal.sqlite"
_CONNECT_S = 10


@dataclass(frozen=True, slots=True)
class Job:
    """One simulation: who decides and what draws is in ``config``."""

    config: Config
    catalogue: Catalogue
    recording: bytes
    """Of ``recording_file.dump``."""
    model: ResponseModel
    plays: int
    people: str = "recorded people"
    """Who was recorded, for the journal."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one simulation gave."""

    summary: dict[str, Any]
    """The content of ``summary.json``."""
    journal: bytes
    """The whole file."""

    def write(self, out: Path) -> None:
        """Put the journal and ``summary.json`` into the folder ``out``."""
        out.mkdir(parents=True, exist_ok=True)
        (out / _JOURNAL).write_bytes(self.journal)
        write_summary(self.summary, out)


def write_summary(summary: dict[str, Any], out: Path) -> None:
    """Into ``summary.json`` of the folder ``out``."""
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def simulate(job: Job, on_progress: Tell = lambda _: None) -> Result:
    """Do ``job``, in this process; ``on_progress`` gets the plays done."""
    with tempfile.TemporaryDirectory(prefix="signage-") as folder:
        began_s = time.perf_counter()
        simulation = Simulation(
            job.config,
            job.catalogue,
            _recording(job.recording),
            Path(folder),
            model=job.model,
            people=job.people,
        )
        summary = simulation.run(job.plays, on_progress)
        took_s = time.perf_counter() - began_s
        summary["realtime_factor"] = round(summary.pop("simulated_s") / took_s, 1)
        return Result(summary, simulation.journal_path.read_bytes())


def simulate_all(
    jobs: Sequence[Job], executor: Executor | None, on_progress: Tell = lambda _: None
) -> Iterator[tuple[int, Result]]:
    """Do ``jobs``, in this process without an ``executor``; each with its index, as it gets done.

    ``on_progress`` gets the plays of all jobs done so far.
    """
    return each(simulate, jobs, [job.plays for job in jobs], executor, on_progress)


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The workers of the Dask cluster whose scheduler is at ``address``, such as tcp://host:8786.

    Each needs this version of signage, and the models at the same path. Raises MissingExtraError
    where `distributed` is not installed, SignageError where nobody answers.
    """
    require_extra("cluster", "A cluster")
    distributed: Any = importlib.import_module("distributed")  # hardly typed
    log = logging.getLogger("distributed")
    level = log.level
    log.setLevel(logging.CRITICAL)  # what it says of its own attempts; ours says what to do
    try:
        client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise SignageError(
            f"No cluster answers at {address}: {str(error).rstrip('.')}. Start it (`dask "
            "scheduler`, and `dask worker ADDRESS` on each machine), or remove --cluster."
        ) from error
    try:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise SignageError(
                f"The cluster at {address} has no workers. Start some: `dask worker {address}`."
            )
        yield client.get_executor(pure=False)
    finally:
        client.close()
        log.setLevel(level)


@lru_cache(maxsize=1)
def _recording(data: bytes) -> Recording:
    return load(data)
