"""Recognises returning people by their faces, in memory and for a limited time.

Two networks describe a face, dlib's (by way of face-api) and faceres. What they say is joined
to one vector, and two faces are as alike as the product of theirs. Nobody is known by name. A
gallery turns every vector by a key that dies with it, keeps a few a person, and drops them
all when nobody has seen the person for some time; it tells the tracks that were one person,
nothing else.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NoReturn, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.assets.manifest import require
from signage.perception.models.alignment import arcface_chip, dlib_chip
from signage.perception.models.faces import Face
from signage.perception.models.inference import load_model
from signage.types.arrays import Floats, Image

DIMENSIONS = 128 + 1024
"""Of an embedding: dlib's descriptor, then faceres' embedding."""

_DLIB_PX, _DLIB_PADDING = 150, 0.25
_FACERES_PX = 224
# The crop that the traits are read from, too.
_FACERES_ZOOM, _FACERES_CENTRE = 1.25, (0.5, 0.54)
_FACERES_MEANS_BGR = np.array((103.939, 116.779, 123.68), dtype=np.float32)
# dlib's descriptors all lie within a narrow cone, so that they weigh little for their share.
_DLIB_SHARE = 6 / 7
# What all faces have in common in faceres' view, of no use to tell them apart: the mean over
# 1,215 faces of FairFace, one digit a dimension, of which f is the largest mean. Printed by
# `python -m training.typical`. Without it, a threshold that suits people of all
# groups finds 6 to 8 in a hundred fewer.
_TYPICAL = (
    "5889435586469698a775c698355688877678637686554a6a6d77684757579367955568b87767482344a57755"
    "6859666587756587367c687a4793357c6547a5547c679657566a77766a88364655c3973967546d5977c63cb6"
    "6676775a86da655979798584655eb968794b6a9577896886766458a9ba68b599657488468785755667696557"
    "6ca89438939778a75585a8a63778576876645466889b3756358d89f4586876c4c83775956854934547676a67"
    "6654568949b6868c69975474b6747a8a786986449675c88554b56596667875468a57685b9d5899a796ba7559"
    "59abef4356897956785b768966954f6a5759699563747787765759356a6766b969674734867487444c746f66"
    "76878a5a57665964555b87ab8496774c8756446989464bb5558997597856b89954a76a8877974764494b3586"
    "584657b786683766975784966aa77a588a797798556768278859b3b598a966557db84567869478a7565875b7"
    "6443b6786753867959677cda989687677955965388478476957c84b737b966a7556969756774885867549875"
    "a85a47678998672746b634769da8769a846645aab756295999b7453795b7299687767a4767989554b4658c7b"
    "a89658bc6a4bab6975667456849765846aac8968775998665a487ab4678956763b6a8564684758b3769769b8"
    "7b67675754575765673e67b987785667666c987d5766697454888655"
)
_TYPICAL_MAX = 0.04604

# Two strangers score this high once in a thousand times in the group whose faces are confused most
# (East Asian, in FairFace's training set; among White faces and in LFW it is ten times less), and
# ten times less often for every further step.
_ONCE_IN_1000, _STEP = 0.886, 0.02
_WRONG_PER_VISIT = 0.01
"""How often a stranger may be taken for anybody in the gallery."""
_ENOUGH_LOOKS, _ENOUGH_WEIGHT = 2, 0.8
_SURE = 0.03
"""So much above the threshold, one good look will do."""
_GOOD_WEIGHT = 0.5
_NOBODY = 0.05
"""So much below it, no further look will change it."""
_LAST_LOOK = 4
"""Who is not known by now is nobody known."""
# Looks less alike than this are views of their own: to average them finds four in a hundred
# more, but strangers score higher against an average, and the thresholds are those of looks.
_SAME_VIEW, _MAX_VIEWS = 0.93, 3
_MAX_TRACKS = 20
"""Of somebody who keeps coming, the first visit and so many later ones are remembered."""

Vector: TypeAlias = NDArray[np.float32]
"""A face under a key."""
Key: TypeAlias = NDArray[np.float32]
"""Signs, shape (3, 1152), drawn at random; they die with the process."""


class NeverStored:
    """What holds faces neither shows them nor lets itself be copied out of the process."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} holds faces, which must not leave the process.")


class FaceEncoder:
    """Describes faces. Holds no state between them: any thread may ask.

    Raises AssetError when a model is missing.
    """

    __slots__ = ("_dlib", "_faceres")

    def __init__(self, manifest: Path) -> None:
        self._dlib = load_model(require(manifest, "face_recognition.onnx"))
        self._faceres = load_model(require(manifest, "faceres.onnx"))

    def embed(self, image: Image, face: Face) -> Floats:
        """Shape (1152,), length 1: the product of two says how alike the faces are, 1 at most.

        ``image`` has shape (height, width, 3), BGR. Treat the result as what it is, somebody's
        face: write it nowhere.
        """
        close = dlib_chip(image, face.landmarks_px, _DLIB_PX, _DLIB_PADDING)
        wide = arcface_chip(
            image, face.landmarks_px, _FACERES_PX, _FACERES_ZOOM, _FACERES_CENTRE
        ).astype(np.float32)
        # The mirrored face as well: half of what light and pose do to one cancels out.
        both = np.stack([close, close[:, ::-1]])[..., ::-1].transpose(0, 3, 1, 2)
        (descriptors,) = self._dlib.run(None, {"image": both.astype(np.float32)})
        (features,) = self._faceres.run(
            ["embedding"], {"input_1": (wide - _FACERES_MEANS_BGR)[None]}
        )
        return joined(descriptors.sum(axis=0), features[0])

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def joined(descriptor: Floats, features: Floats) -> Floats:
    """One vector of dlib's ``descriptor``, shape (128,), and faceres' ``features``, (1024,)."""
    # The root evens out features that are seldom there but strong (Arandjelovic & Zisserman,
    # "Three things everyone should know to improve object retrieval", CVPR 2012).
    rooted = _unit(np.sqrt(np.maximum(features, 0.0)))
    typical = np.array([int(digit, 16) for digit in _TYPICAL]) * (_TYPICAL_MAX / 15)
    return np.concatenate(
        [
            math.sqrt(_DLIB_SHARE) * _unit(descriptor),
            math.sqrt(1 - _DLIB_SHARE) * _unit(rooted - typical),
        ]
    )


class _Person(NeverStored):
    """Who one or more tracks were, by a few views of the face."""

    __slots__ = ("first_s", "last_s", "looks", "tracks", "views", "weight")

    def __init__(self, track: int, t_s: float) -> None:
        self.tracks = [track]
        self.first_s = self.last_s = t_s
        self.looks = 0
        self.weight = 0.0
        self.views: list[Vector] = []
        """Sums of looks that are alike, each by its weight."""

    def see(self, look: Vector) -> None:
        """Add a look, or the sum of some, to the view that it is like, or as one of its own."""
        if not self.views:
            self.views.append(look)
            return
        alike = _units(self.views) @ (look / np.linalg.norm(look))
        nearest = int(np.argmax(alike))
        if alike[nearest] >= _SAME_VIEW or len(self.views) == _MAX_VIEWS:
            self.views[nearest] = self.views[nearest] + look
        else:
            self.views.append(look)

    def absorb(self, later: _Person) -> None:
        self.tracks += later.tracks
        self.last_s = max(self.last_s, later.last_s)
        self.looks += later.looks
        self.weight += later.weight
        for view in later.views:
            self.see(view)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(tracks={self.tracks}, looks={self.looks})"


class Gallery(NeverStored):
    """Who was here, in memory only, for ``remember_s`` after the last look at them.

    One thread owns it. Times must come in order.
    """

    __slots__ = ("_answers", "_away_s", "_judged", "_key", "_max_people", "_people", "_remember_s")

    def __init__(self, remember_s: float, max_people: int = 300, away_s: float = 0.0) -> None:
        """Who was seen within the last ``away_s`` has not left yet, and cannot come back."""
        self._remember_s, self._max_people, self._away_s = remember_s, max_people, away_s
        self._people: dict[int, _Person] = {}
        """By track; that of each of a person's tracks is the same object."""
        self._answers: dict[int, tuple[int, ...]] = {}
        self._judged: dict[int, int] = {}
        """At which look each track was judged last: without another nothing changes."""
        self._key = fresh_key()

    def add(self, track: int, t_s: float, embedding: Floats, weight: float) -> None:
        """One look at the face of ``track``: shape (1152,), as ``FaceEncoder`` makes it.

        ``weight`` is that of ``Traits``; a look without any is none.
        """
        if weight <= 0:
            return
        person = self._people.get(track)
        if person is None:
            person = self._people[track] = _Person(track, t_s)
        person.last_s = t_s
        person.looks += 1
        person.weight += weight
        person.see(weight * turned(embedding, self._key))
        self._forget_beyond(self._max_people)

    def watch(self, t_s: float, present: Collection[int]) -> None:
        """Note whose tracks are in the picture. Two at once are two people: who was taken for
        somebody who is seen beside them is nobody known from now on."""
        for track in present:
            if any(other in present for other in self._answers.get(track, ())):
                self._answers[track] = ()
                self._people[track].tracks.remove(track)
                self._people[track] = _Person(track, t_s)
        for track in present:
            if (person := self._people.get(track)) is not None:
                person.last_s = t_s

    def join(self, track: int, earlier: int) -> None:
        """``track`` is not another visit, but goes on as ``earlier``."""
        mine = self._people.pop(track, None)
        self._answers.pop(track, None)
        self._judged.pop(track, None)
        if mine is None:
            return
        mine.tracks = [number for number in mine.tracks if number != track]
        if (known := self._people.get(earlier)) is None:
            self._people[earlier] = mine
            mine.tracks.append(earlier)
        elif known is not mine:
            known.absorb(mine)

    def earlier(
        self, track: int, present: Collection[int], least: float = 0.0
    ) -> tuple[int, ...] | None:
        """Earlier tracks of the same person, oldest first; empty if unknown.

        Faces that score below ``least`` are not one person's, whatever is usual elsewhere.
        None: too few or too poor looks to tell. Never one of ``present``. What was once told of
        a track is told of it ever after, unless ``watch`` finds that it cannot be.
        """
        if track not in self._answers:
            person = self._people.get(track)
            if person is None or self._judged.get(track) == person.looks:
                return None
            self._judged[track] = person.looks
            answer = self._decide(track, present, least)
            if answer is None:
                return None
            self._answers[track] = answer
        return tuple(other for other in self._answers[track] if other not in present)

    def forget(self, t_s: float) -> None:
        """Drop everybody whose last look is older than ``remember_s``."""
        self._drop(p for p in self._persons() if t_s - p.last_s > self._remember_s)

    def __len__(self) -> int:
        """How many people are remembered."""
        return len(self._persons())

    def __repr__(self) -> str:
        return f"{type(self).__name__}(people={len(self)})"

    def _decide(self, track: int, present: Collection[int], least: float) -> tuple[int, ...] | None:
        person = self._people.get(track)
        if person is None:
            return None
        enough = person.looks >= _ENOUGH_LOOKS and person.weight >= _ENOUGH_WEIGHT
        others = [
            other
            for other in self._persons()
            # Who was still seen when this one came is somebody else.
            if other.views
            and other.last_s < person.first_s
            and not any(t in present for t in other.tracks)
        ]
        if not others:
            return () if enough else None
        views = [(view, other) for other in others for view in other.views]
        scores = (_units([view for view, _ in views]) @ _units(person.views).T).max(axis=1)
        best = int(np.argmax(scores))
        margin = float(scores[best]) - max(least, threshold(len(views) * len(person.views)))
        if (enough and margin >= 0) or (person.weight >= _GOOD_WEIGHT and margin >= _SURE):
            _, known = views[best]
            if person.first_s - known.last_s <= self._away_s:
                return None  # the path broke a moment ago: that is no return
            before = tuple(known.tracks)
            known.absorb(person)
            self._people |= dict.fromkeys(person.tracks, known)
            self._forget_tracks(known.tracks[1:-_MAX_TRACKS])
            known.tracks = known.tracks[:1] + known.tracks[1:][-_MAX_TRACKS:]
            return before
        if enough and (margin < -_NOBODY or person.looks >= _LAST_LOOK):
            return ()
        return None

    def _persons(self) -> list[_Person]:
        """Everybody once, in the order of their first tracks."""
        return [person for track, person in self._people.items() if person.tracks[0] == track]

    def _forget_beyond(self, count: int) -> None:
        persons = sorted(self._persons(), key=lambda person: person.last_s)
        self._drop(persons[: max(0, len(persons) - count)])

    def _drop(self, persons: Iterable[_Person]) -> None:
        for person in list(persons):
            self._forget_tracks(person.tracks)

    def _forget_tracks(self, tracks: Iterable[int]) -> None:
        for track in tracks:
            del self._people[track]
            self._answers.pop(track, None)
            self._judged.pop(track, None)


def threshold(comparisons: int) -> float:
    """How alike two faces must be to be one person's, where so many pairs are compared.

    Meant for a stranger to be taken for anybody in the gallery once in a hundred times at most. On
    faces of FairFace that nothing was chosen on, 0.06 % of all pairs reach the lowest threshold,
    but 1.4 % of those of East Asian men and 0.5 % of those of children among themselves.
    """
    wrong = min(1e-3, _WRONG_PER_VISIT / max(1, comparisons))
    return _ONCE_IN_1000 + _STEP * (-3 - math.log10(wrong))


def fresh_key() -> Key:
    """A key that nobody else has."""
    bits = np.unpackbits(np.frombuffer(os.urandom(3 * DIMENSIONS // 8), np.uint8))
    return np.asarray(bits.reshape(3, DIMENSIONS).astype(np.float32) * 2 - 1)


def turned(vector: Floats, key: Key) -> Vector:
    """``vector`` under a rotation or reflection that ``key`` alone knows: lengths and products
    stay the same, so that turned faces are alike or not among themselves, but fit no others.

    Signs flipped at random and all mixed, thrice: a fast random rotation (Ailon & Chazelle,
    "The fast Johnson-Lindenstrauss transform", SIAM J. Comput. 2009; with cosines for waves).
    """
    turned = vector.astype(np.float32)
    for signs in key:
        turned = np.asarray(cv2.dct(turned * signs), dtype=np.float32).reshape(-1)
    return turned


def _units(vectors: list[Vector]) -> Vector:
    """Brought to length 1, shape (n, 1152)."""
    stacked = np.stack(vectors)
    return np.asarray(stacked / np.linalg.norm(stacked, axis=1, keepdims=True), np.float32)


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector), np.float64)
