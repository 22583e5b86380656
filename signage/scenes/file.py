"""The schema of a scene: who walks where, when, in front of what (``*.toml``).

Metres are those of the floor plan: the camera stands at x 0, z 0 and looks along z, x grows
to the right of the picture. Rectangles are (left, top, right, bottom) in pixels of the clip
they are taken from. Unknown keys and bad values are errors that name key, value and reason.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

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
Moment = Annotated[float, Field(ge=0, le=600)]
"""Seconds from the start of a clip. A sprite is a short piece of its first 10 minutes."""

Cut = Literal["rect", "ellipse", "grabcut", "motion"]
Facing = Literal["towards", "sideways", "back"]
Kind = Literal["person", "poster", "print"]


class Sprite(Section):
    """A person, or a picture of a person, cut out of a clip or a still."""

    clip: str = Field(description="File name in the footage folder.")
    from_s: NotNegative = Field(
        default=0.0, description="Start of the piece of the clip, in seconds."
    )
    to_s: Positive | None = Field(
        default=None,
        description="End of the piece of the clip, in seconds. The piece plays forwards and "
        "backwards. A still needs no end.",
    )
    pieces: tuple[tuple[Moment, Moment], ...] = Field(
        default=(),
        description="Pieces of the clip that follow each other, in place of `from_s` and `to_s`, "
        "as pairs of seconds. A piece whose end comes first plays backwards.",
    )
    rect_px: Rect = Field(description="Rectangle to cut out, in pixels of the clip.")
    cut: Cut = Field(
        description="How to cut. `rect` takes the whole rectangle. `ellipse` takes the soft "
        "ellipse in it, for a head. `grabcut` takes what stands out from its surroundings. "
        "`motion` takes what differs from the median of the clip, for a camera at rest."
    )
    height_m: Positive = Field(description="Height of the rectangle in the real world, in metres.")
    face_px: Rect | None = Field(
        default=None,
        description="Rectangle of the face, or of the back of the head, in pixels of the clip. It "
        "stands on the x of the actor.",
    )
    facing: Facing = Field(default="towards", description="Which way the person faces.")
    looks: bool = Field(
        default=True,
        description="Whether the eyes are on the screen. Lowered lids and a head turned aside "
        "look elsewhere.",
    )
    sway: bool = Field(
        default=False, description="Whether a still nods a little and breathes, like a person."
    )
    garment_bgr: Colour | None = Field(
        default=None,
        description="Colour of a body that is painted below, down to the floor, as blue, green, "
        "red.",
    )

    @field_validator("rect_px", "face_px")
    @classmethod
    def _not_empty(cls, rect: Rect | None) -> Rect | None:
        if rect is not None and (rect[0] >= rect[2] or rect[1] >= rect[3]):
            raise ValueError("left must be less than right, and top less than bottom")
        return rect

    @field_validator("pieces")
    @classmethod
    def _with_a_length(cls, pieces: tuple[tuple[float, float], ...]) -> tuple[Any, ...]:
        if any(begin == end for begin, end in pieces):
            raise ValueError("a piece must have a length")
        return pieces

    @field_validator("to_s")
    @classmethod
    def _a_piece(cls, to_s: float | None) -> float | None:
        if to_s is not None and to_s > 600:
            raise ValueError("a sprite is a short piece of a clip, within its first 10 minutes")
        return to_s


class Actor(Section):
    """A sprite on its ways through the scene."""

    id: Annotated[str, Field(min_length=1)] = Field(description="Name of the actor.")
    sprite: str = Field(description="Name of the sprite.")
    kind: Kind = Field(
        default="person",
        description="What it is. `poster` is a picture on a wall, `print` a picture on the "
        "clothes of another actor.",
    )
    stature_m: Positive = Field(
        default=1.75, description="Height of the top of the sprite above the floor, in metres."
    )
    visits: tuple[Path2D, ...] = Field(
        default=(),
        description="Ways through the scene, each a list of `[t_s, x_m, z_m]`. The actor is away "
        "between two visits.",
    )
    worn_by: str | None = Field(default=None, description="Name of the actor who wears a print.")
    below_m: NotNegative = Field(
        default=0.0,
        description="Distance from the top of the wearer down to the top of a print, in metres.",
    )
    phase_s: NotNegative = Field(
        default=0.0,
        description="Where in its clip the sprite begins, in seconds. It tells two actors with "
        "the same sprite apart.",
    )
    flipped: bool = Field(
        default=False, description="Whether left and right of the sprite are swapped."
    )

    @field_validator("visits")
    @classmethod
    def _in_order(cls, visits: tuple[Path2D, ...]) -> tuple[Path2D, ...]:
        times = [waypoint[0] for path in visits for waypoint in path]
        if any(later <= earlier for earlier, later in pairwise(times)):
            raise ValueError("the times of the waypoints must increase over all visits")
        return visits

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.kind == "print" and (self.visits or self.worn_by is None):
            raise ValueError("a print needs 'worn_by', because it moves with its wearer")
        if self.kind != "print" and (not self.visits or self.worn_by is not None):
            raise ValueError("needs 'visits', and 'worn_by' is for a print")
        return self


class Occluder(Section):
    """A pillar or a wall that hides the people behind it."""

    x_m: Annotated[float, Field(ge=-1000, le=1000)] = Field(
        default=0.0,
        description="Position of its middle to the right of the camera, in metres.",
    )
    slides: tuple[tuple[NotNegative, Annotated[float, Field(ge=-1000, le=1000)]], ...] = Field(
        default=(),
        description="Where its middle is over time, for a door: pairs of `[t_s, x_m]`, with "
        "straight lines in between, in place of `x_m`.",
    )
    z_m: Positive = Field(description="Distance from the camera, in metres.")
    width_m: Positive = Field(description="Width, in metres.")
    height_m: Positive = Field(default=3.0, description="Height, in metres.")
    rect_px: Rect | None = Field(
        default=None,
        description="Piece of the finished background to paint it with, in pixels of the scene. "
        "Without it a plain colour.",
    )
    colour_bgr: Colour = Field(
        default=(96, 104, 110), description="Plain colour, as blue, green, red."
    )


class Background(Section):
    """What is behind everyone: a gradient or a piece of footage, with or without a floor."""

    top_bgr: Colour = Field(
        default=(205, 210, 214),
        description="Colour of the gradient at the top, as blue, green, red.",
    )
    bottom_bgr: Colour = Field(
        default=(170, 176, 182),
        description="Colour of the gradient at the bottom, as blue, green, red.",
    )
    clip: str | None = Field(
        default=None, description="Clip or still of the footage, in place of the gradient."
    )
    at_s: NotNegative = Field(default=0.0, description="Position in the clip, in seconds.")
    median_s: Annotated[float, Field(gt=0, le=600)] | None = Field(
        default=None,
        description="Seconds of the clip whose median to take. It shows an empty scene if the "
        "camera was at rest.",
    )
    rect_px: Rect | None = Field(
        default=None, description="Piece of the clip that is stretched over the picture, in pixels."
    )
    floor_bgr: Colour | None = Field(
        default=None,
        description="Colour of the floor, as blue, green, red. Without it there is no floor.",
    )
    wall_m: Positive = Field(
        default=9.0, description="Distance at which the floor ends, in metres."
    )


class LaterBackground(Background):
    """What is behind everyone from a moment on, as after a cut."""

    from_s: NotNegative = Field(description="When it begins, in seconds.")


class Lens(Section):
    """The camera of the scene. It looks straight ahead."""

    fov_deg: Annotated[float, Field(ge=10, le=160)] = Field(
        default=70.0,
        description="Angle of view along the longer side of the picture, in degrees.",
    )
    height_m: Positive = Field(default=1.6, description="Height above the floor, in metres.")
    noise_sd: NotNegative = Field(
        default=1.5,
        description="Standard deviation of the noise of the sensor in each channel, of 255.",
    )
    exposure_s: NotNegative = Field(
        default=0.0,
        description="Exposure, in seconds. What moves is blurred along its way in this time.",
    )
    shake_px: NotNegative = Field(
        default=0.0,
        description="How far the picture wanders to each side while the camera shakes, in pixels.",
    )
    light: tuple[tuple[NotNegative, NotNegative], ...] = Field(
        default=((0.0, 1.0),),
        description="Brightness over time as pairs of `[t_s, gain]`, with straight lines in "
        "between.",
    )


class Cast(Section):
    """A file of sprites that several scenes share."""

    sprites: dict[str, Sprite] = Field(description="The sprites by name.")


class Scene(Section):
    """A scene file: a picture whose truth is known."""

    width_px: Annotated[int, Field(ge=64, le=4096)] = Field(
        default=1280, description="Width of the picture, in pixels."
    )
    height_px: Annotated[int, Field(ge=64, le=4096)] = Field(
        default=720, description="Height of the picture, in pixels."
    )
    fps: Annotated[float, Field(ge=1, le=120)] = Field(
        default=15.0, description="Pictures a second."
    )
    duration_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        description="Length of the scene, in seconds."
    )
    seed: Seed = Field(default=0, description="Seed of the noise.")
    footage_dir: Path = Field(
        default=Path("../footage"),
        description="Folder of the clips, relative to the scene file.",
    )
    cast: str | None = Field(
        default=None, description="File with more sprites, relative to the scene file."
    )
    lens: Lens = Field(default=Lens(), description="The camera of the scene.")
    background: Background = Field(default=Background(), description="What is behind everyone.")
    cuts: tuple[LaterBackground, ...] = Field(
        default=(), description="Other backgrounds later on, in order of time."
    )
    sprites: dict[str, Sprite] = Field(default_factory=dict, description="The sprites by name.")
    actors: tuple[Actor, ...] = Field(default=(), description="Who walks through the scene.")
    occluders: tuple[Occluder, ...] = Field(
        default=(), description="Pillars and walls that hide people."
    )


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
    mistakes = []
    people = [actor.id for actor in scene.actors if actor.kind == "person"]
    ids = [actor.id for actor in scene.actors]
    for number, actor in enumerate(scene.actors):
        key = f"key 'actors.{number}"
        if actor.sprite not in scene.sprites:
            known = ", ".join(sorted(scene.sprites)) or "none"
            mistakes.append(f"{key}.sprite' cannot be {actor.sprite!r}: known sprites are {known}")
        if ids.count(actor.id) > 1:
            mistakes.append(f"{key}.id' cannot be {actor.id!r}: another actor has the same id")
        if actor.worn_by is not None and actor.worn_by not in people:
            mistakes.append(f"{key}.worn_by' cannot be {actor.worn_by!r}: no person has this id")
        if actor.visits and actor.visits[-1][-1][0] > scene.duration_s:
            mistakes.append(f"{key}.visits' go on after duration_s ({scene.duration_s:g})")
    return mistakes
