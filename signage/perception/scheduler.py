"""What a closer look at single people tells, a few at a time, so that no frame takes long.

All faces are read now and then; those near enough for their eyes in every frame in which there is
time, as eyes jump. Beside that, each frame has time for one long look: at the traits of a face, at
who it is, or at what is on the clothes; whichever is due for longest. Clothes take longest of all:
a live screen searches them beside everything else, and learns what is on them some frames later.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum

from signage.assets.manifest import require
from signage.config.perception import PerceptionConfig
from signage.perception.logos.detector import LogoFinder, torso_of
from signage.perception.models.attributes import TraitEstimator
from signage.perception.models.faces import CropLandmarker, Face
from signage.perception.models.gaze import read_gaze
from signage.perception.models.identity import FaceEncoder, Gallery
from signage.perception.tracking.owners import Owners, Verdict
from signage.perception.tracking.people import People
from signage.perception.tracking.person import Person
from signage.types.arrays import Image
from signage.types.vision import Logo, Traits

_MAX_READS = 3
"""Faces that the landmarker looks at in one frame."""
_MAX_EYES = 2
"""Of those, faces that are looked at for their eyes."""
# The detector's box of a face is this much higher than that of its landmarks.
_DETECTED_HIGHER = 1.15
_CLOTHES_WAIT_S = 0.6
"""On a live screen the first search of somebody's clothes waits for this long: what is decided for
who has just come must not wait for it."""
# Who a track shows is compared until there are so many looks, then now and then, and soon wherever
# somebody else may have been taken for them.
_FIRST_LOOKS, _COMPARE_AGAIN_S, _COMPARE_EVERY_S = 3, 0.25, 2.5
_MIN_COMPARED_PX = 24.0
"""Of a face, from brow to chin: below it, no two are told apart."""
_MIN_CLOTHES_PX = 48
"""Of a face: below a smaller one no logo is large enough to be recognised."""


class _Look(IntEnum):
    """Long looks, the first first where several are due for equally long."""

    TRAITS = 0
    WHO = 1
    CLOTHES = 2


@dataclass(slots=True)
class Findings:
    """Results of one frame's costly looks, by person number."""

    traits: dict[int, Traits] = field(default_factory=dict)
    logos: dict[int, dict[str, float | None]] = field(default_factory=dict)
    looked: bool = False


Searched = tuple[list[Logo], tuple[str, ...]]
"""The logos that were found, and the brands that were looked for."""


class CloserLook:
    """Looks closer at the persons of ``people``. Must be closed.

    Raises AssetError when a model that is switched on is missing, ConfigError for logos that
    cannot be used.
    """

    def __init__(
        self, config: PerceptionConfig, people: People, *, live: bool, away_s: float
    ) -> None:
        """``live``: see `Perceiver`. Who is out of sight for ``away_s`` has left."""
        manifest = config.models_dir / "manifest.toml"
        self._config = config
        self._people = people
        self._traits = TraitEstimator(config)
        self._encoder = FaceEncoder(manifest) if config.returning else None
        self._gallery = Gallery(config.remember_s, away_s=away_s) if config.returning else None
        self._owners = Owners() if config.returning else None
        budget_ms = config.logos_budget_ms if live else None
        self._logos = LogoFinder(config.logos_dir, budget_ms) if config.logos_dir else None
        self._pool = ThreadPoolExecutor(1, "clothes") if live else None
        self._searched: tuple[int, Future[Searched]] | None = None
        """Whose clothes are being searched."""
        self._next_brand: dict[int, int] = {}
        """At which brand the next search of each person's clothes begins."""
        self._due_s: dict[tuple[int, _Look], float] = {}
        self._came_s: dict[int, float] = {}
        """When each person was first thought of."""
        self._looks: defaultdict[int, int] = defaultdict(int)
        """How often each person's clothes were in view of a search."""
        self._waiting: dict[int, Traits] = {}
        """What was last told of whose face is in doubt."""
        # Last: it must be closed, and whatever fails before leaves nothing open.
        self._landmarker = CropLandmarker(require(manifest, "face_landmarker.task"))

    def look(self, image: Image, t_s: float) -> Findings:
        """Look at those who were there a moment ago. ``image``: (height, width, 3), BGR."""
        findings = Findings()
        if self._searched is not None and self._searched[1].done():
            (number, result), self._searched = self._searched, None
            self._note_logos(number, result.result(), findings)
        for person in self._to_read(t_s):
            self._read(image, person, t_s)
        self._look_long(image, t_s, findings)
        return findings

    def look_at_newcomers(self, image: Image, t_s: float, findings: Findings) -> Findings:
        """Look at one of those who were just found, where there was time left."""
        newcomers = (p for p in self._people.present(t_s) if p.face and p.read_s == -math.inf)
        if not findings.looked and (person := next(newcomers, None)) is not None:
            self._read(image, person, t_s)
            self._look_long(image, t_s, findings)
        return findings

    def earlier(self, person: Person, t_s: float) -> tuple[int, ...] | None:
        """Earlier tracks of the same person; None if unknown."""
        if self._gallery is None or self._owners is None:
            return None
        present = {other.number for other in self._people.present(t_s) if other is not person}
        return self._gallery.earlier(person.number, present, self._owners.least)

    def relight(self) -> None:
        """The light has changed: no face, and no clothes, look as they did before."""
        self._people.forget_colours()
        if self._owners is not None:
            self._owners.relight()

    def forget(self, t_s: float) -> None:
        """Let go of what was known of those who are gone."""
        numbers = {person.number for person in self._people.persons}
        for key in [key for key in self._due_s if key[0] not in numbers]:
            del self._due_s[key]
        for known in (self._next_brand, self._came_s, self._looks, self._waiting):
            for number in known.keys() - numbers:
                del known[number]
        if self._gallery is not None:
            for person in self._people.persons:
                for part in person.joined:
                    self._gallery.join(part, person.number)
            self._gallery.watch(t_s, {person.number for person in self._people.present(t_s)})
            self._gallery.forget(t_s)
        if self._owners is not None:
            self._owners.forget(numbers)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
        self._landmarker.close()

    def _to_read(self, t_s: float) -> list[Person]:
        """Whose faces are read now: those waiting for longest, then the nearest for their eyes."""
        shown = [p for p in self._people.present(t_s) if p.face]
        due = [p for p in shown if t_s - p.read_s >= self._config.landmarks_every_s]
        due.sort(key=lambda p: (p.read_s, p.number))
        near = sorted(filter(self._shows_eyes, shown), key=lambda p: (-_height(p), p.number))
        return [*due, *(p for p in near[:_MAX_EYES] if p not in due)][:_MAX_READS]

    def _shows_eyes(self, person: Person) -> bool:
        least_px = self._config.min_gaze_px * _DETECTED_HIGHER
        return self._config.gaze and not person.is_picture and _height(person) >= least_px

    def _read(self, image: Image, person: Person, t_s: float) -> None:
        assert person.face is not None  # noqa: S101 - asked only of those with a face
        person.read_s = t_s
        details = self._landmarker.read(image, person.face)
        if details is not None and self._people.nearest(details.box_xyxy_px, t_s) is person:
            person.details, person.details_s = details, t_s
            if self._config.expression and (expression := details.expression):
                person.expression, person.expression_s = expression, t_s
            if self._config.gaze:
                person.gaze = read_gaze(details, t_s, self._config.min_gaze_px)
            person.face_seen_s = person.last_seen_s = t_s
            person.believe(t_s, clearly=True)

    def _look_long(self, image: Image, t_s: float, findings: Findings) -> None:
        due = [
            (self._due(person, look), look, person.number, person)
            for person, look in itertools.product(self._people.present(t_s), _Look)
            if self._can(person, look, t_s)
        ]
        due_s, look, number, person = min(due, default=(math.inf, _Look.TRAITS, 0, None))
        if person is None or due_s > t_s:
            return
        findings.looked = True
        if look is _Look.TRAITS:
            self._estimate_traits(image, person, findings)
            self._due_s[number, look] = t_s + self._config.traits_every_s
        elif look is _Look.WHO:
            self._recognise(image, person, t_s, findings)
        else:
            # The first looks tell most.
            self._looks[number] += self._search_clothes(image, person, findings)
            self._due_s[number, look] = t_s + self._config.logos_every_s * max(
                1, self._looks[number]
            )

    def _due(self, person: Person, look: _Look) -> float:
        due_s = self._due_s.get((person.number, look), -math.inf)
        if look is _Look.WHO and person.in_doubt:
            return min(due_s, person.compared_s + _COMPARE_AGAIN_S)
        return due_s

    def _can(self, person: Person, look: _Look, t_s: float) -> bool:
        """Whether this frame allows the look."""
        if person.is_picture:
            return False
        if look is _Look.CLOTHES:
            if self._pool is not None:
                begin_s = self._came_s.setdefault(person.number, t_s)
                if t_s - begin_s < _CLOTHES_WAIT_S:
                    return False
            is_free = self._logos is not None and self._searched is None
            return is_free and person.shows_face(t_s) and _height(person) >= _MIN_CLOTHES_PX
        is_on = look is _Look.TRAITS or self._gallery is not None
        return is_on and person.details is not None and person.details_s == t_s

    def _estimate_traits(self, image: Image, person: Person, findings: Findings) -> None:
        """What is told of somebody who may have been taken for another waits until it is clear
        whose face it was."""
        assert person.details is not None  # noqa: S101 - read in this frame
        traits = self._traits.estimate(image, person.details)
        if self._owners is not None and person.in_doubt:
            self._waiting[person.number] = traits
        else:
            findings.traits[person.number] = traits

    def _recognise(self, image: Image, person: Person, t_s: float, findings: Findings) -> None:
        """Compare the face with those that its track, and all others, showed before."""
        if person.details is None or self._encoder is None:
            return
        assert self._owners is not None and self._gallery is not None  # noqa: S101, PT018
        number = person.number
        person.compared_s = t_s
        self._due_s[number, _Look.WHO] = t_s + _COMPARE_AGAIN_S
        if not _is_comparable(person.details, self._config.max_yaw_deg):
            return
        embedding = self._encoder.embed(image, person.details)
        verdict = self._owners.see(number, t_s, embedding)
        if verdict is Verdict.DOUBT:
            person.in_doubt = True
            return
        if verdict is Verdict.OTHER:
            newcomer = self._people.split(person)
            self._owners.split(number, newcomer.number)
            if (traits := self._waiting.pop(number, None)) is not None:
                self._waiting[newcomer.number] = traits
            person = newcomer
        person.trust(t_s)
        person.looks += 1
        assert person.details is not None  # noqa: S101 - compared
        if weight := self._traits.weight(image, person.details):
            self._gallery.add(person.number, t_s, embedding, weight)
        self._rejoin(t_s)
        if (traits := self._waiting.pop(person.number, None)) is not None:
            findings.traits[person.number] = traits
        if person.looks >= _FIRST_LOOKS:
            self._due_s[person.number, _Look.WHO] = t_s + _COMPARE_EVERY_S

    def _rejoin(self, t_s: float) -> None:
        """Let people go on as whom their faces surely are, of those who were lost."""
        assert self._owners is not None and self._gallery is not None  # noqa: S101, PT018
        for person in self._people.present(t_s):
            lost = {other.number: other for other in self._people.lost(t_s)}
            if (earlier := self._owners.same(person.number, lost)) is not None:
                self._owners.join(person.number, earlier)
                self._gallery.join(person.number, earlier)
                self._people.join(person, lost[earlier])

    def _search_clothes(self, image: Image, person: Person, findings: Findings) -> bool:
        """Search the clothes, or begin to; whether they are in view."""
        if self._logos is None or person.face is None:
            return False
        torso = torso_of(person.face, image.shape)
        if torso is None:
            return False
        left, top, right, bottom = torso
        clothes, number = image[top:bottom, left:right], person.number
        first = self._next_brand.get(number, 0)
        if self._pool is None:
            self._note_logos(number, self._logos.search(clothes, first), findings)
        else:
            search = self._pool.submit(self._logos.search, clothes.copy(), first)
            self._searched = number, search
        return True

    def _note_logos(self, number: int, searched: Searched, findings: Findings) -> None:
        assert self._logos is not None  # noqa: S101 - it was asked
        logos, tried = searched
        scores: dict[str, float | None] = dict.fromkeys(self._logos.brands)
        scores |= dict.fromkeys(tried, 0.0) | {logo.brand: logo.score for logo in logos}
        findings.logos[number] = scores
        brands = max(1, len(self._logos.brands))
        self._next_brand[number] = (self._next_brand.get(number, 0) + len(tried)) % brands


def _is_comparable(face: Face, max_yaw_deg: float) -> bool:
    """Whether there is enough of the face to tell whose it is."""
    _, top, _, bottom = face.box_xyxy_px
    return bottom - top >= _MIN_COMPARED_PX and abs(face.head_pose.yaw_deg) <= max_yaw_deg


def _height(person: Person) -> float:
    return 0.0 if person.face is None else person.face[3] - person.face[1]
