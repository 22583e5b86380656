"""Perception looks at made scenes of 0 to 10 people, at 1280 × 720 with everything switched on.

Frames a second and the times of single frames are by the clock, with everything running as in the
product. Stages are in CPU time of the whole process, one after the other, so that neither other
programs nor stages beside each other blur them. "Overhead" is what is spent outside the calls of
the models, as a share of what is spent in those: with the optical flow, which is an algorithm of
OpenCV, and without. `--peers` times other programs on the same pictures.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from unittest.mock import patch

import numpy as np
import onnxruntime as ort
from mediapipe.tasks.python import vision

from benchmarks.common.options import at_least_one
from benchmarks.common.paths import DEMO, SCENES
from benchmarks.common.progress import note
from benchmarks.common.tables import Block, Table
from benchmarks.perception.peers import PEERS, Peer
from signage.config.config import Config
from signage.config.file import load_config
from signage.perception import perceiver as stage
from signage.perception.logos.detector import LogoFinder
from signage.perception.models.attributes import TraitEstimator
from signage.perception.models.bodies import BodyDetector
from signage.perception.models.face_detector import FaceDetector
from signage.perception.models.faces import CropLandmarker
from signage.perception.models.identity import FaceEncoder
from signage.perception.tracking.flow import Flow
from signage.scenes.file import Actor, Scene, load_scene
from signage.scenes.scene import play_scene
from signage.types.arrays import Image
from signage.types.vision import Frame

QUICK: Mapping[str, object] = {"people": [0, 3], "long_run": 300}

BEGIN_UTC = datetime(2026, 1, 5, tzinfo=UTC)

# In this piece of the crowd scene everybody has arrived.
_FROM_S, _LONG_S = 8.0, 6.0
_WARM_UP = 10
_COMPANY = 3
"""People in the clip of the memory and of the peers."""
_PAGES_PER_MB = 256

STAGES = {
    "faces": (FaceDetector, "detect"),
    "bodies": (BodyDetector, "detect"),
    "landmarks": (CropLandmarker, "read"),
    "traits": (TraitEstimator, "estimate"),
    "who": (FaceEncoder, "embed"),
    "logos": (LogoFinder, "search"),
    "flow": (Flow, "follow"),
}
MODELS = ((ort.InferenceSession, "run"), (vision.FaceLandmarker, "detect"))

P = ParamSpec("P")
R = TypeVar("R")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    parser.add_argument("--people", type=int, nargs="+", default=[0, 1, 3, 5, 10])
    parser.add_argument("--seconds", type=float, default=_LONG_S, help="of each clip")
    parser.add_argument(
        "--long-run", type=at_least_one, default=1500, metavar="FRAMES", help="to watch the memory"
    )
    parser.add_argument(
        "--peers",
        nargs="*",
        choices=sorted(PEERS),
        metavar="NAME",
        help=f"install these into a throw-away folder and time them: {', '.join(PEERS)}, "
        "or all when none is named",
    )


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure speed, stages and memory, then the peers that are asked for."""
    config = load_config(DEMO)
    costs: dict[int, dict[str, float]] = {}
    yield Table(
        ("people", "frames/s", "median ms", "p95 ms", "longest ms", "CPU ms a frame"),
        speed_rows(config, options.people, options.seconds, costs),
        "Speed",
    )
    yield Table(
        ("people", *STAGES, "rest", "all", "of it models", "overhead", "without the flow"),
        [stage_row(people, cost) for people, cost in costs.items()],
        "CPU ms a frame, by stage",
    )
    clip = list(made_clip(_COMPANY, options.seconds))
    sizes_mb = memory_mb(config, clip, options.long_run)
    yield Table(
        ("frames", *map(str, sizes_mb)),
        [("MB", *(f"{size:.0f}" for size in sizes_mb.values()))],
        f"Memory, with {_COMPANY} people",
    )
    if options.peers is None:
        yield "Other programs were left out: `--peers` installs and times them."
    else:
        peers = [PEERS[name] for name in options.peers or PEERS]
        yield from peer_blocks(clip, peers, time_frames(config, clip))


def speed_rows(
    config: Config, numbers: Sequence[int], seconds: float, costs: dict[int, dict[str, float]]
) -> Iterator[Sequence[str]]:
    """One row for each number of people; keeps the cost of every stage in ``costs``."""
    for people in numbers:
        note(f"{people} people")
        clip = list(made_clip(people, seconds))
        took_ms, cpu_ms = time_frames(config, clip)
        costs[people] = stage_costs(config, clip)
        yield (
            str(people),
            f"{1e3 / float(np.mean(took_ms)):.1f}",
            f"{np.median(took_ms):.0f}",
            f"{np.percentile(took_ms, 95):.0f}",
            f"{max(took_ms):.0f}",
            f"{cpu_ms:.0f}",
        )


def made_clip(people: int, seconds: float) -> Iterator[tuple[float, Image]]:
    """So many people of the crowd scene at 1280 × 720, all in the picture all the time."""
    scene = load_scene(SCENES / "crowd.toml")
    actors = tuple(_standing(actor, seconds) for actor in scene.actors[:people])
    scene = Scene.model_copy(scene, update={"actors": actors, "duration_s": seconds})
    for picture, _ in play_scene(scene):
        yield picture


def _standing(actor: Actor, seconds: float) -> Actor:
    """The piece of an actor's way at which all are there."""
    times, x_m, z_m = np.array([waypoint for path in actor.visits for waypoint in path]).T
    way = tuple(
        (
            t_s,
            float(np.interp(_FROM_S + t_s, times, x_m)),
            float(np.interp(_FROM_S + t_s, times, z_m)),
        )
        for t_s in (0.0, seconds)
    )
    return actor.model_copy(update={"visits": (way,)})


def frames(clip: Sequence[tuple[float, Image]], count: int | None = None) -> Iterator[Frame]:
    """``count`` frames of the clip, played to and fro, on one running time."""
    step_s = clip[1][0] - clip[0][0]
    there_and_back = [image for _, image in clip] + [image for _, image in clip[-2:0:-1]]
    for index in range(len(clip) if count is None else count):
        t_s = index * step_s
        image = there_and_back[index % len(there_and_back)]
        yield Frame(t_s, BEGIN_UTC + timedelta(seconds=t_s), image)


@contextmanager
def a_perceiver(config: Config) -> Iterator[stage.Perceiver]:
    """The product's perception, closed at the end."""
    perceiver = stage.Perceiver(config)
    try:
        yield perceiver
    finally:
        perceiver.close()


def time_frames(config: Config, clip: Sequence[tuple[float, Image]]) -> tuple[list[float], float]:
    """Milliseconds of each frame by the clock, and of the mean one in CPU time."""
    took_ms, cpu_s = [], 0.0
    with a_perceiver(config) as perceiver:
        for index, frame in enumerate(frames(clip, len(clip) + _WARM_UP)):
            began_s, cpu_began_s = time.perf_counter(), time.process_time()
            perceiver.perceive(frame)
            if index >= _WARM_UP:
                took_ms.append(1e3 * (time.perf_counter() - began_s))
                cpu_s += time.process_time() - cpu_began_s
    return took_ms, 1e3 * cpu_s / len(took_ms)


class OneAfterTheOther:
    """Stands in for the pool of threads: does at once what it is given."""

    def __init__(self, **_: Any) -> None: ...

    def submit(self, task: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        future: Future[R] = Future()
        future.set_result(task(*args, **kwargs))
        return future

    def shutdown(self) -> None: ...


def stage_costs(config: Config, clip: Sequence[tuple[float, Image]]) -> dict[str, float]:
    """CPU milliseconds a frame of every stage, of all (``all``) and of the calls of models alone
    (``models``)."""
    spent_s: defaultdict[str, float] = defaultdict(float)
    with ExitStack() as patches, a_perceiver_in_turn(config) as perceiver:
        for name, (owner, method) in STAGES.items():
            timed = _timed(getattr(owner, method), partial(_add, spent_s, name))
            patches.enter_context(patch.object(owner, method, timed))
        for owner, method in MODELS:
            timed = _timed(getattr(owner, method), partial(_add, spent_s, "models"))
            patches.enter_context(patch.object(owner, method, timed))
        perceive = _timed(perceiver.perceive, partial(_add, spent_s, "all"))
        for index, frame in enumerate(frames(clip, len(clip) + _WARM_UP)):
            if index == _WARM_UP:
                spent_s.clear()
            perceive(frame)
    return {name: 1e3 * spent / len(clip) for name, spent in spent_s.items()}


@contextmanager
def a_perceiver_in_turn(config: Config) -> Iterator[stage.Perceiver]:
    """The same, with its stages one after the other."""
    with patch.object(stage, "ThreadPoolExecutor", OneAfterTheOther), a_perceiver(config) as made:
        yield made


def _timed(call: Callable[P, R], add: Callable[[float], None]) -> Callable[P, R]:
    def timed(*args: P.args, **kwargs: P.kwargs) -> R:
        began_s = time.process_time()
        try:
            return call(*args, **kwargs)
        finally:
            add(time.process_time() - began_s)

    return timed


def _add(spent_s: defaultdict[str, float], name: str, more_s: float) -> None:
    spent_s[name] += more_s


def stage_row(people: int, cost: Mapping[str, float]) -> Sequence[str]:
    """The cost of every stage, and what does not go into models."""
    stages = [cost.get(name, 0.0) for name in STAGES]
    everything, models = cost["all"], cost.get("models", math.nan)
    shares = (everything - left_out - models for left_out in (0.0, cost.get("flow", 0.0)))
    return (
        str(people),
        *(f"{value:.1f}" for value in (*stages, everything - sum(stages), everything, models)),
        *(f"{share / models:.0%}" for share in shares),
    )


def memory_mb(config: Config, clip: Sequence[tuple[float, Image]], count: int) -> dict[int, float]:
    """Resident memory of the process after so many frames of a long run."""
    note(f"{count} frames")
    marks = {count * share // 10 for share in (1, 2, 4, 6, 8, 10)}
    sizes_mb = {}
    with a_perceiver(config) as perceiver:
        for index, frame in enumerate(frames(clip, count), start=1):
            perceiver.perceive(frame)
            if index in marks:
                sizes_mb[index] = resident_mb()
    return sizes_mb


def resident_mb() -> float:
    """Memory that this process holds now (Linux)."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) / _PAGES_PER_MB


def peer_blocks(
    clip: Sequence[tuple[float, Image]], peers: Sequence[Peer], own: tuple[list[float], float]
) -> Iterator[Block]:
    """The speed of other programs with faces, mesh, mood, age, gender and body on."""
    took_ms, cpu_ms = own
    images = [image for _, image in clip]
    rows = [("signage", 1e3 / float(np.mean(took_ms)), cpu_ms, "")]
    for peer in peers:
        note(f"installing and running {peer.name}")
        for result in peer.run(images):
            if result.failure:
                yield f"- {result.name} could not be run. {result.failure}"
            else:
                seen = f"{result.faces:.1f} faces, {result.bodies:.1f} bodies a frame"
                speed = 1e3 / float(np.mean(result.took_ms))
                rows.append((result.name, speed, result.cpu_ms, seen))
    yield Table(
        ("program", "frames/s", "CPU ms a frame", "detected"),
        [(name, f"{speed:.1f}", f"{cpu:.0f}", seen) for name, speed, cpu, seen in rows],
        f"Other programs, on the clip with {_COMPANY} people",
    )
