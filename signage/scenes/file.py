"""The schema of a scene: who walks where, when, in front of what (``*.toml``).

Metres are those of the floor plan: the camera stands at x 0, z 0 and looks along z, x grows
to the right of the picture. Rectangles are (left, top, right, bottom) in pixels of the clip
they are taken from. Unknown keys and bad values are errors that name key, value and reason.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from signage.config.base import NotNegative, Positive, Section, Seed
from signage.config.file import validate
from signage.errors import ConfigError
from signage.io import read_toml

T = TypeVar("T", bound=Section)

Rect = tuple[NotNegative, NotNegative, Positive, Positive]
Channel = Annotated[int, Field(ge=0, le=255)]
Colour = tuple[Channel, Channel, Channel]
"""Blue, green, red."""
Waypoint = tuple[
    NotNegative,
    Annotated[float, Field(ge=-1000, le=1000)],
    Annotated[float, Field(ge=0.3, le=1000)],
]
"""``t_s, x_m, z_m``: where, and when. Standing still is two waypoints at one place."""
Path2D = Annotated[tuple[Waypoint, ...], Field(min_length=2)]

Cut = Literal["rect", "ellipse", "grabcut", "motion"]
Facing = Literal["towards", "sideways", "back"]
Kind = Literal["person", "poster", "print"]


class Sprite(Section):
    """Someone, or a picture of someone, cut out of a clip or a still."""

    clip: str
    """File name in the footage folder."""
    from_s: NotNegative = 0.0
    to_s: Positive | None = None
    """The piece of the clip, played to and fro. A still needs none."""
    rect_px: Rect
    cut: Cut
    """``rect``: all of the rectangle. ``ellipse``: the soft ellipse in it, for a head.
    ``grabcut``: what stands out from the rectangle's surroundings. ``motion``: what differs
    from the clip's median, for a camera that did not move."""
    height_m: Positive
    """What the rectangle's height is in the real world."""
    face_px: Rect | None = None
    """Where the face is, or the back of the head, in the clip. It stands on the actor's x."""
    facing: Facing = "towards"
    sway: bool = False
    """A still that should be alive: it nods a little and breathes."""
    garment_bgr: Colour | None = None
    """Paint a body below, down to the floor, in this colour."""

    @field_validator("rect_px", "face_px")
    @classmethod
    def _not_empty(cls, rect: Rect | None) -> Rect | None:
        if rect is not None and (rect[0] >= rect[2] or rect[1] >= rect[3]):
            raise ValueError("left must be less than right, and top less than bottom")
        return rect

    @field_validator("to_s")
    @classmethod
    def _a_piece(cls, to_s: float | None) -> float | None:
        if to_s is not None and to_s > 600:
            raise ValueError("a sprite is a short piece of a clip, within its first 10 minutes")
        return to_s


class Actor(Section):
    """A sprite on its ways through the scene."""

    id: Annotated[str, Field(min_length=1)]
    sprite: str
    kind: Kind = "person"
    """``poster``: a picture on a wall. ``print``: one on the clothes of another actor."""
    stature_m: Positive = 1.75
    """Height of the sprite's upper edge above the floor."""
    visits: tuple[Path2D, ...] = ()
    """Each from coming to going; between two visits the actor is away."""
    worn_by: str | None = None
    """Of a print: the actor who wears it."""
    below_m: NotNegative = 0.0
    """Of a print: how far its upper edge is below the wearer's."""
    phase_s: NotNegative = 0.0
    """Where in its clip the sprite begins, to tell two of the same apart."""
    flipped: bool = False
    """Left and right of the sprite swapped."""

    @field_validator("visits")
    @classmethod
    def _in_order(cls, visits: tuple[Path2D, ...]) -> tuple[Path2D, ...]:
        times = [waypoint[0] for path in visits for waypoint in path]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("the times of the waypoints must grow, over all visits")
        return visits

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.kind == "print" and (self.visits or self.worn_by is None):
            raise ValueError("a print needs 'worn_by', and goes where its wearer goes")
        if self.kind != "print" and (not self.visits or self.worn_by is not None):
            raise ValueError("needs 'visits', and 'worn_by' is for a print")
        return self


class Occluder(Section):
    """A pillar or a wall that hides who is behind it, painted from a piece of background."""

    x_m: Annotated[float, Field(ge=-1000, le=1000)]
    """Of its middle."""
    z_m: Positive
    width_m: Positive
    height_m: Positive = 3.0
    rect_px: Rect | None = None
    """The piece of the finished background, in pixels of the scene; else a plain colour."""
    colour_bgr: Colour = (96, 104, 110)


class Background(Section):
    """What is behind everyone: a gradient, or a piece of footage, over a floor or not."""

    top_bgr: Colour = (205, 210, 214)
    bottom_bgr: Colour = (170, 176, 182)
    clip: str | None = None
    """Clip or still of the footage, instead of the gradient."""
    at_s: NotNegative = 0.0
    median_s: Annotated[float, Field(gt=0, le=600)] | None = None
    """The median of the clip over so many seconds: an empty scene, if its camera stood still."""
    rect_px: Rect | None = None
    """The piece of it that is stretched over the picture."""
    floor_bgr: Colour | None = None
    wall_m: Positive = 9.0
    """How far behind the floor ends."""


class Lens(Section):
    """The camera of the scene. It looks straight ahead."""

    fov_deg: Annotated[float, Field(ge=10, le=160)] = 70.0
    """Angle of view along the longer side of the picture."""
    height_m: Positive = 1.6
    """Above the floor."""
    noise_sd: NotNegative = 1.5
    """Standard deviation of the sensor's noise in each channel, of 255."""
    exposure_s: NotNegative = 0.0
    """What moves is blurred along its way in this time."""
    light: tuple[tuple[NotNegative, NotNegative], ...] = ((0.0, 1.0),)
    """``t_s, gain`` of the brightness, straight lines in between."""


class Cast(Section):
    """A file of sprites that several scenes share."""

    sprites: dict[str, Sprite]


class Scene(Section):
    """A scene file."""

    width_px: Annotated[int, Field(ge=64, le=4096)] = 1280
    height_px: Annotated[int, Field(ge=64, le=4096)] = 720
    fps: Annotated[float, Field(ge=1, le=120)] = 15.0
    duration_s: Annotated[float, Field(gt=0, le=3600)]
    seed: Seed = 0
    """Of the noise."""
    footage_dir: Path = Path("../footage")
    """Relative to the scene file."""
    cast: str | None = None
    """A file with more sprites, relative to the scene file."""
    lens: Lens = Lens()
    background: Background = Background()
    sprites: dict[str, Sprite] = Field(default_factory=dict)
    actors: tuple[Actor, ...] = ()
    occluders: tuple[Occluder, ...] = ()


def load_scene(path: Path) -> Scene:
    """Read and check a scene file; its cast is taken in and its footage folder absolute.

    Raises ConfigError that names the file, and for each mistake the key, value and reason.
    """
    scene = _read(Scene, path)
    folder = path.resolve().parent
    sprites = dict(scene.sprites)
    if scene.cast is not None:
        sprites = _read(Cast, folder / scene.cast).sprites | sprites
    scene = scene.model_copy(
        update={"sprites": sprites, "footage_dir": folder / scene.footage_dir, "cast": None}
    )
    if mistakes := "; ".join(_mistakes(scene)):
        raise ConfigError(f"{path}: {mistakes}.")
    return scene


def _read(schema: type[T], path: Path) -> T:
    try:
        data = read_toml(path)
    except FileNotFoundError as error:
        raise ConfigError(f"There is no scene file {path}. Check the path.") from error
    return validate(schema, data, path)


def _mistakes(scene: Scene) -> list[str]:
    """What is wrong between the parts of a scene that are right by themselves."""
    found = []
    people = [actor.id for actor in scene.actors if actor.kind == "person"]
    ids = [actor.id for actor in scene.actors]
    for number, actor in enumerate(scene.actors):
        key = f"key 'actors.{number}"
        if actor.sprite not in scene.sprites:
            known = ", ".join(sorted(scene.sprites)) or "none"
            found.append(f"{key}.sprite' cannot be {actor.sprite!r}: known sprites are {known}")
        if ids.count(actor.id) > 1:
            found.append(f"{key}.id' cannot be {actor.id!r}: another actor has it, too")
        if actor.worn_by is not None and actor.worn_by not in people:
            found.append(f"{key}.worn_by' cannot be {actor.worn_by!r}: there is no such person")
        if actor.visits and actor.visits[-1][-1][0] > scene.duration_s:
            found.append(f"{key}.visits' go on after duration_s ({scene.duration_s:g})")
    return found
