"""The list of all benchmarks."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Protocol, cast

from benchmarks.common.tables import Block


class Benchmark(Protocol):
    """What the module of a subject has. Its docstring says how the subject is measured."""

    QUICK: Mapping[str, object]
    """Values of options under ``--quick``, unless they are given."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of the subject."""
        ...

    def run(self, options: argparse.Namespace) -> Iterator[Block]:
        """Measure, and yield what belongs on the page. Without any block no page is written."""
        ...


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that is measured."""

    name: str
    module: str
    question: str
    usual_time: str
    """Of the run without options, on two cores."""
    variants: Mapping[str, str] = field(default_factory=dict)
    """Options that measure something else, with the ending of the name of their page."""

    def load(self) -> Benchmark:
        """Import the module of the subject."""
        return cast("Benchmark", import_module(self.module))

    def page_name(self, options: argparse.Namespace) -> str:
        """The name of the page that a run with ``options`` writes, without its ending."""
        endings = [end for option, end in self.variants.items() if getattr(options, option, None)]
        return "-".join([self.name, *endings])


SUBJECTS = {
    subject.name: subject
    for subject in (
        Subject(
            "accuracy",
            "benchmarks.accuracy.bench",
            "How right is what the camera tells about people?",
            "4 min",
        ),
        Subject(
            "faces",
            "benchmarks.accuracy.faces",
            "For whom are age, gender and mood wrong, and on faces of which size?",
            "10 min",
        ),
        Subject(
            "behaviour",
            "benchmarks.behaviour.bench",
            "How right are gaze, reading, reaction, logos and recognition?",
            "10 min",
        ),
        Subject(
            "tracking",
            "benchmarks.tracking.bench",
            "Is one person one visit, and is a watcher somebody who looks?",
            "6 min",
            {"against": "cost"},
        ),
        Subject(
            "perception",
            "benchmarks.perception.bench",
            "How many frames a second does perception look at, and what do they cost?",
            "6 min",
        ),
        Subject(
            "learning",
            "benchmarks.learning.bench",
            "How much of the best possible reward does the learner earn?",
            "2 h",
            {"sets": "sets", "speed": "speed"},
        ),
        Subject(
            "policies",
            "benchmarks.policies",
            "What does each policy earn from the recorded audience of the demo?",
            "10 min",
        ),
        Subject(
            "start",
            "benchmarks.start",
            "How soon does a command answer, and how large is an installation?",
            "1 min",
        ),
        Subject(
            "memory",
            "benchmarks.memory",
            "Do memory and model stay small over many decisions?",
            "4 min",
        ),
        Subject(
            "experiment",
            "benchmarks.experiments.bench",
            "How often does an experiment on the screen err, and how soon does it find a lift?",
            "2 min",
        ),
        Subject(
            "off-policy",
            "benchmarks.off_policy.bench",
            "How right is the value of a policy that is estimated from the log?",
            "15 min",
            {"obp_python": "obp", "reel": "reel", "scale": "scale"},
        ),
        Subject(
            "player",
            "benchmarks.player.bench",
            "Does the page ever show a blank frame, and how soon does it react?",
            "12 min",
        ),
    )
}
