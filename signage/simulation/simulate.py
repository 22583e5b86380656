"""A recorded audience, a simulated response, and everything else as on a real screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from signage import __version__
from signage.audience.screen_plane import ScreenPlane
from signage.config.config import Config
from signage.config.screen import ScreenConfig
from signage.content.catalogue import Catalogue
from signage.engine.engine import Engine
from signage.errors import SignageError
from signage.journal.figures.audience import totals
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.recommend.policies.make import make_policy
from signage.simulation.audit import Audit
from signage.simulation.recordings.recording import BEGIN_UTC, Moment, Recording
from signage.simulation.screen import SimulatedScreen
from signage.simulation.viewers.model import PRESETS, ResponseModel
from signage.simulation.viewers.reading_eyes import SAMPLES_HZ
from signage.simulation.viewers.response import Eyes, Response, Visitor
from signage.types.decisions import Decision
from signage.types.vision import Frame, Sighting

_CURVE_POINTS = 20
# Between two videos nobody is there: what was seen last does not last until the next.
_MAX_STEP_S = 0.4
_EMPTY_STEP_S = 1.0


class Simulation:
    """One policy before one recorded audience, which comes again and again."""

    def __init__(
        self,
        config: Config,
        catalogue: Catalogue,
        recording: Recording,
        out: Path,
        *,
        model: ResponseModel = PRESETS["field"],
        people: str = "recorded people",
    ) -> None:
        """``config.decision.policy`` decides, or the arms of its experiment; ``config.seed`` draws.

        ``out`` gets ``journal.sqlite``, which says for good that it was simulated, with what
        ``people``; raises SignageError if it has one already.
        """
        self._people = people
        self.journal_path = new_journal(out)
        self._config = _for_simulated_eyes(config)
        self._catalogue = alike(catalogue) if model.alike else catalogue
        self._recording = recording
        self._response = Response(
            config.seed,
            recording,
            [content.category for content in catalogue.values()],
            model,
            _eyes(self._config),
        )
        self._screen = SimulatedScreen()
        self._lap, self._moment = 0, recording.moments[0]
        self._somebody_reads = False
        self._plays = 0
        self._expected = self._best = 0.0

    def run(
        self, plays: int, on_progress: Callable[[int], None] = lambda _: None
    ) -> dict[str, Any]:
        """Play until ``plays`` have ended; returns the summary, as ``summary.json`` has it.

        ``on_progress`` gets the plays done. The same inputs and seed give the same journal.
        """
        policy = make_policy(self._config.decision.policy, self._config)
        journal = Journal(self.journal_path, durable=False, at_end=True)
        journal.record_simulated(
            f"signage {__version__}, {self._people}, simulated response, seed {self._config.seed}"
        )
        engine = Engine(
            self._config, self._catalogue, policy, journal, self._perceive, self._screen
        )
        engine.unfollowed = lambda: self._moment.unfollowed
        engine.begin(Frame(0.0, BEGIN_UTC))
        audit = Audit(self._config, self._catalogue)
        rewards: list[float | None] = []
        for frame in self._frames():
            self._advance(frame.t_s)
            step = engine.step(frame)
            if step.rewards:
                rewards += [reward.value for _, reward in step.rewards]
                on_progress(len(rewards))
            audit.watch(step.audience, engine.on_screen, self._screen.started_s)
            if step.decision is not None:
                audit.check(step.decision)
                self._compare_with_oracle(step.decision)
            if len(rewards) >= plays:
                break
            self._screen.closes = len(rewards) == plays - 1 and engine.on_screen is not None
        self._screen.stop(frame.t_s)
        engine.end(frame)
        journal.close()
        return self._summary(rewards, frame.t_s, audit.violations)

    def _frames(self) -> Iterator[Frame]:
        """The recording's moments, over and over. There are no pictures any more.

        While somebody reads, further ones between: reading is detected from quick looks.
        """
        length_s = self._recording.duration_s
        moments = _worth_living(self._recording.moments)
        ends_s = [*(moment.t_s for moment in moments[1:]), length_s]
        for lap in count():
            self._response.begin_round(lap)
            for moment, end_s in zip(moments, ends_s, strict=True):
                self._lap, self._moment = lap, moment
                yield _frame(lap * length_s + moment.t_s, moment.fault)
                if not self._somebody_reads:
                    continue
                self._moment = _again(moment)
                for number in count(1):
                    t_s = moment.t_s + number / SAMPLES_HZ
                    if t_s > min(end_s, moment.t_s + _MAX_STEP_S) - 0.5 / SAMPLES_HZ:
                        break
                    yield _frame(lap * length_s + t_s)

    def _perceive(self, frame: Frame) -> Sequence[Sighting]:
        people = [
            self._response.alter(frame.t_s, Visitor(self._lap, sighting.track), sighting)
            for sighting in self._moment.people
        ]
        self._somebody_reads = any(sighting.gaze is not None for sighting in people)
        return people

    def _advance(self, t_s: float) -> None:
        before = self._screen.showing
        self._screen.advance(t_s)
        cue = self._screen.showing
        if cue is not None and cue is not before:
            self._plays += 1
            self._response.begin_play(self._plays, self._catalogue[cue.content_id])

    def _compare_with_oracle(self, decision: Decision) -> None:
        """Who knew every visitor's taste and boredom would have chosen what is worth most."""
        visitors = [Visitor(self._lap, sighting.track) for sighting in self._moment.people]
        if not visitors or decision.forced:
            return
        reading = self._config.reward.reading
        expected = {
            content_id: self._response.expected_worth(
                visitors, self._catalogue[content_id], reading
            )
            for content_id in decision.eligible
        }
        self._expected += expected[decision.content_id]
        self._best += max(expected.values())

    def _summary(
        self, rewards: Sequence[float | None], length_s: float, violations: int
    ) -> dict[str, Any]:
        values = [value for value in rewards if value is not None]
        experiment = self._config.experiment
        return {
            "policy": experiment.name if experiment else self._config.decision.policy,
            "seed": self._config.seed,
            "plays": len(rewards),
            "rewarded_plays": len(values),
            "mean_reward": _mean(values),
            "reward_share_of_oracle": self._expected / self._best if self._best else None,
            **self._audience_totals(),
            "constraint_violations": violations,
            "simulated_s": round(length_s, 3),
            "learning_curve": _curve(rewards),
        }

    def _audience_totals(self) -> dict[str, float]:
        with JournalReader(self.journal_path).connect() as db:
            return totals(db)


def alike(catalogue: Catalogue) -> Catalogue:
    """The same contents as if each of them were made alike: none is worth more than another.

    As long, as moving, as much to read, and for everybody: what must leave the screen when a child
    comes is shown for a shorter time. All other constraints say what plays, and not when.
    """
    same = {
        "duration_s": float(np.median([content.duration_s for content in catalogue.values()])),
        "motion": True,
        "more": None,
        "adults_only": False,
        "min_age": None,
    }
    return Catalogue(
        [content.model_copy(update=same) for content in catalogue.values()],
        catalogue.fallback.content_id,
    )


def _for_simulated_eyes(config: Config) -> Config:
    """``config`` without the correction of an installation's camera, whose eyes these are not."""
    uncorrected = ScreenConfig().gaze_correction
    screen = config.screen.model_copy(update={"gaze_correction": uncorrected})
    return config.model_copy(update={"screen": screen})


def _eyes(config: Config) -> Eyes | None:
    """Return them as the camera of ``config`` sees them."""
    if not (config.audience.reading and config.perception.gaze):
        return None
    return Eyes(ScreenPlane(config.screen), config.perception.min_gaze_px)


def _frame(t_s: float, fault: str | None = None) -> Frame:
    return Frame(t_s, BEGIN_UTC + timedelta(seconds=t_s), fault=fault)


def _worth_living(moments: Sequence[Moment]) -> list[Moment]:
    """Those with people, and of those without only some: nothing happens but that plays end."""
    moments_kept: list[Moment] = []
    for moment in moments:
        is_news = bool(moment.people) or not moments_kept or bool(moments_kept[-1].people)
        is_news = is_news or moment.fault != moments_kept[-1].fault
        if is_news or moment.t_s - moments_kept[-1].t_s >= _EMPTY_STEP_S:
            moments_kept.append(moment)
    return moments_kept


def _again(moment: Moment) -> Moment:
    """``moment`` a little later: nothing new was found out about anybody."""
    return replace(
        moment,
        people=tuple(replace(person, traits=None, logos=None) for person in moment.people),
    )


def new_journal(out: Path) -> Path:
    """Where a simulation into the folder ``out`` writes; SignageError if one did before."""
    path = out / "journal.sqlite"
    if path.exists():
        raise SignageError(f"{path} already exists. Choose another --out, or remove it.")
    return path


def _curve(rewards: Sequence[float | None]) -> list[list[float]]:
    """Mean reward of each stretch of plays: [plays at its end, mean]."""
    points = []
    bounds = np.linspace(0, len(rewards), _CURVE_POINTS + 1).astype(int)
    for begin, end in pairwise(bounds.tolist()):
        values = [value for value in rewards[begin:end] if value is not None]
        if values:
            points.append([end, _mean(values)])
    return points


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 6) if values else None
