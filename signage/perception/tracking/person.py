"""One person and their path through the picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from signage.perception.models.faces import Face
from signage.perception.tracking.boxes import centre, moved
from signage.perception.tracking.colours import UNSEEN, Colours
from signage.types.vision import Box, Facing, Gaze

_VELOCITY_MEMORY_S = 0.3
# Nobody keeps walking straight on for ever: trust the last speed for this long.
_TRUST_VELOCITY_S = 1.0
# Someone who was not found for this long is out of sight; far faces and bodies are searched
# for more seldom.
FACE_HOLD_S = 0.45
# For longer than this without a detection, what the picture shows at a face may be somebody who
# stepped in front of it. Far faces and bodies are searched for more seldom.
_JUST_SEEN_S, _JUST_SEEN_FAR_S = 0.3, 1.0
_FAR_FACE_HOLD_S = 1.3
_BODY_HOLD_S = 1.0
_BESIDE_COVERED_S = 0.3
# Share of the last look in the colours as last seen (a head turns within a second), and in the
# usual ones; and a distance of colours that something in between makes.
_NEWEST, _NEWEST_USUAL, _UNUSUAL = 0.3, 0.1, 0.3
# A detection surer than this needs no second one.
SURE_SCORE = 0.8


@dataclass(frozen=True, slots=True)
class Trusted:
    """A person at a moment at which their face was surely theirs."""

    t_s: float
    face: Box | None
    body: Box | None
    velocity_px_s: tuple[float, float]
    colours: Colours


@dataclass(slots=True, eq=False)
class Person:
    """One person and their path, as long as it can be followed."""

    number: int
    face: Box | None = None
    face_seen_s: float = -math.inf
    face_is_far: bool = False
    """Only found in the enlarged tiles, which come by more seldom."""
    body: Box | None = None
    body_seen_s: float = -math.inf
    head_in_body: Box | None = None
    """Where the body has its face, to be seen or not, in shares of the body's box."""
    body_facing: Facing | None = None
    torso_px: float | None = None
    hits: int = 0
    """How often a detector found them."""
    born_s: float = -math.inf
    """When they were first found."""
    is_beside_covered: bool = False
    """They were first found where somebody else must be."""
    covers: int | None = None
    """Number of whoever was followed in their place before them."""
    is_sure: bool = False
    """Not just one doubtful detection."""
    last_seen_s: float = -math.inf
    velocity_px_s: tuple[float, float] = (0.0, 0.0)
    found_s: float = -math.inf
    """When a detector last found them, and where."""
    found_face: Box | None = None
    found_body: Box | None = None
    covered_s: float = -math.inf
    """When somebody nearer last stood where they must be."""
    colours: Colours = UNSEEN
    """As last seen, perhaps half covered."""
    usual_colours: Colours = UNSEEN
    """As seen while nobody was before them."""
    in_doubt: bool = False
    """Somebody else may have been taken for them since their face was last compared."""
    compared_s: float = -math.inf
    """When that was last tried."""
    looks: int = 0
    """How often it showed them."""
    trusted: Trusted | None = None
    """Where they were when their face was last compared, and was theirs."""
    joined: tuple[int, ...] = ()
    """Numbers under which they went on for a while."""
    details: Face | None = None
    """What the landmarker made of the face, last."""
    details_s: float = -math.inf
    gaze: Gaze | None = None
    """Where the eyes looked then; None while they are shut."""
    expression: Mapping[str, float] = field(default_factory=dict)
    """Of the last look at open eyes."""
    expression_s: float = -math.inf
    read_s: float = -math.inf
    """When the landmarker last tried."""
    is_picture: bool = False
    """A face on a poster or a T-shirt."""
    may_be_picture: bool = False
    """Nothing yet tells the face from that of a poster: it has kept perfectly still."""
    is_alive: bool = False
    """They have blinked, moved the mouth or walked."""

    @property
    def box(self) -> Box:
        """The face where it is to be seen, else the body."""
        box = self.face or self.body
        assert box is not None  # noqa: S101 - a person without either is not kept
        return box

    @property
    def head(self) -> Box | None:
        """Where the body has its face, to be seen or not."""
        if self.body is None or self.head_in_body is None:
            return None
        left, top, right, bottom = self.body
        x0, y0, x1, y1 = self.head_in_body
        width, height = right - left, bottom - top
        return left + x0 * width, top + y0 * height, left + x1 * width, top + y1 * height

    def shows_face(self, t_s: float) -> bool:
        hold_s = _FAR_FACE_HOLD_S if self.face_is_far else FACE_HOLD_S
        return self.face is not None and t_s - self.face_seen_s <= hold_s

    def shows_body(self, t_s: float) -> bool:
        return self.body is not None and t_s - self.body_seen_s <= _BODY_HOLD_S

    def is_present(self, t_s: float) -> bool:
        return self.shows_face(t_s) or self.shows_body(t_s)

    def move(self, shift_px: tuple[float, float], growth: float, step_s: float) -> None:
        """Follow the picture by ``shift_px``, and ``growth`` times larger, in ``step_s``."""
        vx, vy = self.velocity_px_s
        self._correct_velocity((shift_px[0] - vx * step_s, shift_px[1] - vy * step_s), step_s)
        if self.face is not None:
            self.face = moved(self.face, shift_px, growth)
        if self.body is not None:
            self.body = moved(self.body, shift_px, growth)

    def drift(self, t_s: float) -> None:
        """Out of sight: go on at the last speed from where a detector last saw them.

        What the picture showed since then may have been whoever stepped in front of them.
        """
        if self.found_face is not None:
            self.face = self._drifted(self.found_face, t_s)
        if self.found_body is not None:
            self.body = self._drifted(self.found_body, t_s)

    def _drifted(self, box: Box, t_s: float) -> Box:
        ahead_s = min(t_s - self.found_s, _TRUST_VELOCITY_S)
        return moved(box, (self.velocity_px_s[0] * ahead_s, self.velocity_px_s[1] * ahead_s), 1.0)

    def _correct_velocity(self, off_px: tuple[float, float], step_s: float) -> None:
        """They were so far from where the last speed leads in ``step_s``."""
        if 0 < step_s <= _TRUST_VELOCITY_S:
            share = 1.0 if self.hits == 1 else 1 - math.exp(-step_s / _VELOCITY_MEMORY_S)
            vx, vy = self.velocity_px_s
            self.velocity_px_s = (
                vx + share * off_px[0] / step_s,
                vy + share * off_px[1] / step_s,
            )

    def hide(self) -> None:
        """Mark the person as covered from now on."""
        self.face_seen_s = self.body_seen_s = -math.inf

    def find(self, t_s: float, *, face: Box | None = None, body: Box | None = None) -> None:
        """A detector found the ``face`` or the ``body``."""
        # The edges of a body jump about: beside a face it tells no speed.
        before = self.face if face else None if self.shows_face(t_s) else self.body
        if before is not None and self.hits:
            (x0, y0), (x1, y1) = centre(before), centre(face or body or before)
            self._correct_velocity((x1 - x0, y1 - y0), t_s - self.found_s)
        # The other of both is where the flow says, or not known any more.
        if face is not None:
            self.body = self.found_body = self.body if self.shows_body(t_s) else None
            self.face, self.found_face, self.face_seen_s = face, face, t_s
        else:
            self.face = self.found_face = self.face if self.shows_face(t_s) else None
            self.body, self.found_body, self.body_seen_s = body, body, t_s
        self.found_s = self.last_seen_s = t_s
        self.hits += 1

    def note_colours(self, t_s: float, seen: Colours) -> None:
        """Remember the colours of a detection."""
        self.colours = self.colours.followed_by(seen, _NEWEST)
        head, chest = self.usual_colours.distances(seen)
        is_usual = max(head or 0.0, chest or 0.0) < _UNUSUAL
        if is_usual and t_s - self.covered_s > FACE_HOLD_S:
            self.usual_colours = self.usual_colours.followed_by(seen, _NEWEST_USUAL)

    def believe(self, t_s: float, *, clearly: bool) -> None:
        """Count what was found now as a person if it was found before, or ``clearly``.

        A part of somebody who is half covered looks like another person for a moment.
        """
        if self.is_beside_covered:
            self.is_sure |= self.hits > 2 and t_s - self.born_s >= _BESIDE_COVERED_S
        else:
            self.is_sure |= self.hits > 1 or clearly

    def was_just_seen(self, t_s: float) -> bool:
        """Whether they were found so lately that what the picture shows in their box is them,
        and nobody who stepped before them."""
        if not self.shows_face(t_s):
            return t_s - self.body_seen_s <= _JUST_SEEN_FAR_S
        return t_s - self.face_seen_s <= (_JUST_SEEN_FAR_S if self.face_is_far else _JUST_SEEN_S)

    def trust(self, t_s: float) -> None:
        """The face was surely theirs at this moment."""
        self.in_doubt = False
        self.trusted = Trusted(t_s, self.face, self.body, self.velocity_px_s, self.usual_colours)

    def step_back(self) -> None:
        """Whoever was found since the face was last surely theirs was somebody else."""
        was = self.trusted
        assert was is not None  # noqa: S101 - the face of somebody else differs from theirs
        self.face = self.found_face = was.face
        self.body = self.found_body = was.body
        self.velocity_px_s = was.velocity_px_s
        self.colours = self.usual_colours = was.colours
        self.found_s = self.last_seen_s = was.t_s
        self.details = self.gaze = None
        self.hide()
