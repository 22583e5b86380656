"""Times perception on made scenes of 0 to 10 people, and peers on the same pictures.

Printed are Markdown tables. Frames a second and the time of single frames are of the clock,
with everything running as in the product. Stages are in CPU time of the whole process, one
after the other, so that neither other programs nor stages beside each other blur them.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
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

from benchmarks.common.paths import DEMO, SCENES
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

BEGIN_UTC = datetime(2026, 1, 5, tzinfo=UTC)

# In this piece of the crowd scene everybody has arrived.
_FROM_S, _LONG_S = 8.0, 6.0
_WARM_UP = 10
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench perception", description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[0, 1, 3, 5, 10])
    parser.add_argument("--seconds", type=float, default=_LONG_S, help="of each clip")
    parser.add_argument(
        "--long-run", type=int, default=1500, metavar="FRAMES", help="to watch the memory over"
    )
    parser.add_argument(
        "--peers",
        nargs="*",
        choices=sorted(PEERS),
        metavar="NAME",
        help=f"install these into a throw-away folder and time them: {', '.join(PEERS)}, "
        "or all when none is named",
    )
    chosen = parser.parse_args()
    config = load_config(DEMO)

    print("| people | frames/s | median ms | p95 ms | longest ms | CPU ms a frame |")
    print("|---|---|---|---|---|---|")
    costs, speeds = {}, {}
    for people in chosen.people:
        clip = list(made_clip(people, chosen.seconds))
        took_ms, cpu_ms = run(config, clip)
        speeds[people] = 1e3 / float(np.mean(took_ms))
        print(
            f"| {people} | {speeds[people]:.1f} | {np.median(took_ms):.0f} "
            f"| {np.percentile(took_ms, 95):.0f} | {max(took_ms):.0f} | {cpu_ms:.0f} |",
            flush=True,
        )
        costs[people] = stage_costs(config, clip)
    print_stages(costs)
    print_memory(config, list(made_clip(3, chosen.seconds)), chosen.long_run)
    print("\nPeers on the clip of three people, with faces, mesh, mood, age, gender and body on:\n")
    if chosen.peers is None:
        print("Left out. With `--peers` they are installed into a throw-away folder and timed.")
        return
    clip = list(made_clip(3, chosen.seconds))
    print_peers(clip, [PEERS[name] for name in chosen.peers or PEERS], run(config, clip))


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
    perceiver = stage.Perceiver(config)
    try:
        yield perceiver
    finally:
        perceiver.close()


def run(config: Config, clip: Sequence[tuple[float, Image]]) -> tuple[list[float], float]:
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


def print_stages(costs: dict[int, dict[str, float]]) -> None:
    print("\nCPU ms a frame, stages one after the other. Overhead: what is spent in `perceive` but")
    print("not in the calls of the models, as a share of what is spent in those; once with the")
    print("optical flow, which is an algorithm of OpenCV's, and once without.\n")
    print(f"| people | {' | '.join(STAGES)} | rest | all | of it models | overhead | no flow |")
    print("|---" * (len(STAGES) + 6) + "|")
    for people, cost in costs.items():
        stages = [cost.get(name, 0.0) for name in STAGES]
        everything, models = cost["all"], cost.get("models", math.nan)
        cells = " | ".join(f"{value:.1f}" for value in [*stages, everything - sum(stages)])
        shares = (everything - left_out - models for left_out in (0.0, cost.get("flow", 0.0)))
        overheads = " | ".join(f"{share / models:.0%}" for share in shares)
        print(f"| {people} | {cells} | {everything:.1f} | {models:.1f} | {overheads} |")


def print_memory(config: Config, clip: Sequence[tuple[float, Image]], count: int) -> None:
    """Resident memory of the process along a long run."""
    marks = {count * share // 10 for share in (1, 2, 4, 6, 8, 10)}
    sizes_mb = {}
    with a_perceiver(config) as perceiver:
        for index, frame in enumerate(frames(clip, count), start=1):
            perceiver.perceive(frame)
            if index in marks:
                sizes_mb[index] = resident_mb()
    print(f"\nMemory over {count} frames with three people:\n")
    print(f"| frames | {' | '.join(str(index) for index in sizes_mb)} |")
    print("|---" * (len(sizes_mb) + 1) + "|")
    print(f"| MB | {' | '.join(f'{size:.0f}' for size in sizes_mb.values())} |")


def resident_mb() -> float:
    """Memory that this process holds now (Linux)."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) / _PAGES_PER_MB


def print_peers(
    clip: Sequence[tuple[float, Image]], peers: Sequence[Peer], ours: tuple[list[float], float]
) -> None:
    took_ms, cpu_ms = ours
    images = [image for _, image in clip]
    rows = [("signage", 1e3 / float(np.mean(took_ms)), cpu_ms, "")]
    for peer in peers:
        print(f"Installing and running {peer.name}", file=sys.stderr)
        for result in peer.run(images):
            if result.failure:
                print(f"- {result.name}: could not be run. {result.failure}")
            else:
                note = f"{result.faces:.1f} faces, {result.bodies:.1f} bodies a frame"
                speed = 1e3 / float(np.mean(result.took_ms))
                rows.append((result.name, speed, result.cpu_ms, note))
    print("\n| | frames/s | CPU ms a frame | found |")
    print("|---|---|---|---|")
    for name, speed, cpu, note in rows:
        print(f"| {name} | {speed:.1f} | {cpu:.0f} | {note} |")
    if len(rows) > 1:
        best = max(rows[1:], key=lambda row: row[1])
        print(
            f"\n{rows[0][1] / best[1]:.1f} times the frames a second of the best, {best[0]}; "
            f"{min(row[2] for row in rows[1:]) / cpu_ms:.1f} times by CPU time."
        )


if __name__ == "__main__":
    main()
