"""Recordings of real people, whose truth was written down by eye."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.accuracy.footage_score import read_faces
from benchmarks.common.paths import REFERENCES
from benchmarks.common.watch import watch
from benchmarks.tracking.recording import OnPicture, Person, Recording, ignore
from signage.config.config import Config
from signage.scenes.footage import read_video
from signage.types.arrays import Image

_OTHER = "other-"
"""How the names of people begin who need not be followed."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording, and what a person sees in it."""

    file: str
    people: int
    watchers: int | None = None
    """None where that cannot be told by eye."""

    @property
    def is_labelled(self) -> bool:
        """Whether there are boxes with names."""
        return (REFERENCES / f"{Path(self.file).stem}.csv").exists()


CLIPS = (
    Clip("arcade-crossings.mp4", 22),
    Clip("crowd-approach.mp4", 11),
    Clip("face-demographics-walking-and-pause.gif", 3, 3),
    # A woman, a man whose head the edge cuts, a woman who turns her back.
    Clip("woman-smile-gaze.mp4", 3),
    Clip("one-by-one-backs.mp4", 6, 0),
    # PETS 2009, S2.L1; 2D MOT 2015 publishes 19 tracks of it.
    Clip("vtest.avi", 19),
    Clip("aisle-backs.gif", 3, 0),
    Clip("two-heads.gif", 2, 1),
    Clip("selfie-portrait.mp4", 1, 1),
)


def show_clip(
    config: Config, videos: Path, clip: Clip, on_picture: OnPicture = ignore
) -> Recording:
    """Show a clip to the product. Without labels, nobody is known in any of its pictures."""
    times_s: list[float] = []

    def pictures() -> Iterator[tuple[float, Image]]:
        for t_s, image in read_video(videos / clip.file):
            times_s.append(t_s)
            on_picture(t_s, image)
            yield t_s, image

    watched = watch(config, pictures())
    boxes = read_faces(REFERENCES / f"{Path(clip.file).stem}.csv") if clip.is_labelled else {}
    people = [
        [
            Person(name, box, None, counts=not name.startswith(_OTHER))
            for name, box in boxes.get(index, {}).items()
        ]
        for index in range(len(times_s))
    ]
    return Recording(Path(clip.file).stem, times_s, people, watched)
