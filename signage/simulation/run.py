"""One task to simulate, from videos to results: watched once, played by each policy and seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signage.config.config import Config
from signage.content.loader import load_catalogue
from signage.errors import ConfigError
from signage.simulation.batch import Job, Result, cluster, simulate_all
from signage.simulation.recordings.file import dump
from signage.simulation.recordings.store import default_cache, record_all
from signage.simulation.simulate import new_journal
from signage.simulation.viewers.model import ResponseModel
from signage.simulation.workers import processes
from signage.stats import Estimate, mean_of

Report = Callable[[float], None]
"""Told the share done, in [0, 1]."""

_MOST_NAMES, _LONGEST_NAME = 3, 40
"""Of videos, in what a journal says of itself."""

EXPERIMENT = "experiment"
"""In the place of a policy: that of the configuration, whose arms take turns."""

FIGURES = ("mean_reward", "reward_share_of_oracle", "watchers", "ots", "attention_s")
"""Of a summary, whose means over seeds tell something. None is negative."""
_MOST = {"mean_reward": 1.0, "reward_share_of_oracle": 1.0}


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be simulated."""

    config: Config
    videos: tuple[Path, ...]
    """None: the reel of ``config``."""
    policies: tuple[str, ...]
    """Or ``EXPERIMENT``."""
    seeds: tuple[int, ...]
    plays: int
    model: ResponseModel
    workers: int | None = None
    """Processes at most; None: one for each core."""
    cluster: str | None = None
    """Address of a Dask scheduler that simulates instead of this machine."""
    cache: Path | None = None
    """Folder that keeps what was perceived; None: the user's."""


def new_folder(out: Path, parts: Sequence[str]) -> None:
    """Make the folder ``out``, for results in its folders ``parts``.

    Raises ConfigError when it cannot be one, SignageError when a result is there already.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{out} cannot be a folder: {error.strerror}. Choose another.") from error
    for part in parts:
        new_journal(out / part)


def run(
    task: Task, watching: Report = lambda _: None, playing: Report = lambda _: None
) -> Iterator[tuple[tuple[str, int], Result]]:
    """Carry out ``task``; each policy and seed with its result, as it gets done.

    Raises SourceError when a video cannot be read or shows nobody, and as `batch.cluster` does.
    """
    catalogue = load_catalogue(task.config.content)
    runs = [(policy, seed) for seed in task.seeds for policy in task.policies]
    with _executor(task, len(runs)) as executor:
        recording = record_all(
            task.config,
            task.videos,
            folder=task.cache or default_cache(),
            workers=task.workers,
            on_progress=watching,
        )
        packed = dump(recording)
        jobs = [
            Job(
                seeded(task.config, policy, seed),
                catalogue,
                packed,
                task.model,
                task.plays,
                people_of(task),
            )
            for policy, seed in runs
        ]
        total = task.plays * len(jobs)
        for index, result in simulate_all(jobs, executor, lambda plays: playing(plays / total)):
            yield runs[index], result


def people_of(task: Task) -> str:
    """Who was recorded, in a few words."""
    if not task.videos:
        return "the reel of the configuration"
    names = [video.name.encode(errors="replace").decode()[:_LONGEST_NAME] for video in task.videos]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"people of {', '.join(names[:_MOST_NAMES])}{more}"


def seeded(config: Config, policy: str, seed: int) -> Config:
    """``config`` where ``policy`` decides, or its ``EXPERIMENT`` goes on, and ``seed`` draws."""
    if policy == EXPERIMENT:
        return config.model_copy(update={"seed": seed})
    decision = config.decision.model_copy(update={"policy": policy})
    update = {"seed": seed, "decision": decision, "experiment": None}
    return config.model_copy(update=update)


def summarise(summaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Over the seeds of one policy: means, each with its 95 % interval where there are several."""
    first = summaries[0]
    means = {name: over_seeds(summaries, name) for name in FIGURES}
    return {
        "policy": first["policy"],
        "seeds": [summary["seed"] for summary in summaries],
        "plays": sum(summary["plays"] for summary in summaries),
        "rewarded_plays": sum(summary["rewarded_plays"] for summary in summaries),
        **{
            name: None if mean is None else estimate_record(mean, 0.0, _MOST.get(name, math.inf))
            for name, mean in means.items()
        },
        "constraint_violations": sum(summary["constraint_violations"] for summary in summaries),
    }


def over_seeds(summaries: Sequence[Mapping[str, object]], name: str) -> Estimate | None:
    """Return the mean of the figure ``name`` over the summaries that have it."""
    values = (summary[name] for summary in summaries)
    return mean_of([float(value) for value in values if isinstance(value, int | float)])


def estimate_record(
    mean: Estimate, least: float = -math.inf, most: float = math.inf
) -> dict[str, float | None]:
    """Return ``mean`` for JSON, its interval cut to what is possible; None where there is none."""
    ends = (max(least, mean.low), min(most, mean.high)) if mean.has_interval else (None, None)
    return {
        name: None if value is None else round(value, 6)
        for name, value in zip(("mean", "low", "high"), (mean.value, *ends), strict=True)
    }


def _executor(task: Task, jobs: int) -> AbstractContextManager[Executor | None]:
    if task.cluster is not None:
        return cluster(task.cluster)
    return processes(task.workers, jobs)
