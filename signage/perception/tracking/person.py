"""One person and their path through the picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from signage.perception.models.faces import Face
from signage.perception.tracking.boxes import centre, moved
from signage.types.arrays import Floats
from signage.types.vision import Box, Facing, Gaze

_VELOCITY_MEMORY_S = 0.3
# Nobody keeps walking straight on for ever: trust the last speed for this long.
_TRUST_VELOCITY_S = 1.0
# Someone who was not found for this long is out of sight; far faces and bodies are searched
# for more seldom.
FACE_HOLD_S = 0.45
_FAR_FACE_HOLD_S = 1.3
_BODY_HOLD_S = 1.0


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
    is_sure: bool = False
    """Not just one doubtful detection."""
    last_seen_s: float = -math.inf
    velocity_px_s: tuple[float, float] = (0.0, 0.0)
    found_s: float = -math.inf
    """When a detector last found them, and where."""
    found_face: Box | None = None
    found_body: Box | None = None
    clothes: Floats | None = None
    """Colour histogram below the face."""
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

    def move(self, shift_px: tuple[float, float], growth: float) -> None:
        """Follow the picture by ``shift_px``, and ``growth`` times larger."""
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

    def hide(self) -> None:
        """Mark the person as covered from now on."""
        self.face_seen_s = self.body_seen_s = -math.inf

    def find(self, t_s: float, *, face: Box | None = None, body: Box | None = None) -> None:
        """A detector found the ``face`` or the ``body``."""
        if (before := self.found_face if face else self.found_body) is not None:
            step_s = t_s - self.found_s
            (x0, y0), (x1, y1) = centre(before), centre(face or body or before)
            if 0 < step_s <= _TRUST_VELOCITY_S:
                share = 1 - math.exp(-step_s / _VELOCITY_MEMORY_S)
                vx, vy = self.velocity_px_s
                self.velocity_px_s = (
                    vx + share * ((x1 - x0) / step_s - vx),
                    vy + share * ((y1 - y0) / step_s - vy),
                )
        # The other of both is where the flow says, or not known any more.
        if face is not None:
            self.body = self.found_body = self.body if self.shows_body(t_s) else None
            self.face, self.found_face, self.face_seen_s = face, face, t_s
        else:
            self.face = self.found_face = self.face if self.shows_face(t_s) else None
            self.body, self.found_body, self.body_seen_s = body, body, t_s
        self.found_s = self.last_seen_s = t_s
        self.hits += 1

    def note_clothes(self, clothes: Floats | None) -> None:
        if clothes is not None:
            self.clothes = clothes if self.clothes is None else 0.9 * self.clothes + 0.1 * clothes
