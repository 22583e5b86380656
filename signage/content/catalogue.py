"""The catalogue: what may be shown, each content described by its own features and limits."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from signage.config.base import DAY_S, MOST, Colour, Link, Section
from signage.config.file import validate
from signage.content.schedule import Schedule
from signage.errors import ConfigError
from signage.io import read_toml
from signage.text.names import looks, printable
from signage.types.plays import Cue
from signage.types.plays import More as MoreCue

log = logging.getLogger(__name__)


def _on_disk(name: str) -> str:
    if "\0" in name or any(len(part.encode()) > 255 for part in name.split("/")):
        raise ValueError("no file can have this name")
    return name


AtLeastOne = Annotated[int, Field(ge=1, le=MOST)]
FileName = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_on_disk)]

MOST_PROMISED = 0.9
"""All shares together, and all that one decision gives to them: the rest is the policy's."""

_CAPS = ("max_per_hour", "max_per_viewer", "share_max", "competes")


class More(Section):
    """What a panel beside a content shows to a viewer who wants to know more."""

    title: str | None = Field(default=None, description="Title of the panel.")
    text: str | None = Field(default=None, description="Text of the panel.")
    link: Link | None = Field(default=None, description="Address shown as a QR code.")
    medium: Literal["html", "image", "video"] | None = Field(
        default=None, description="Kind of a second medium in the panel. It goes with `more.file`."
    )
    file: FileName | None = Field(
        default=None, description="File of the second medium, in the folder of the content."
    )
    on: Annotated[tuple[Literal["reading", "approach", "dwell"], ...], Field(min_length=1)] = Field(
        default=("reading",),
        description="What opens the panel: reading, approaching or dwelling. The thresholds are "
        "in `reveal` of the configuration.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> More:
        if (self.file is None) != (self.medium is None):
            raise ValueError("more.file and more.medium go together")
        if not any((self.title, self.text, self.link, self.file)):
            raise ValueError("more needs a title, a text, a link or a file")
        return self


class ContentFile(Schedule):
    """One content: what it shows, to whom, and how often."""

    title: str = Field(description="Title, for people.")
    category: str = Field(
        description="Category, such as `toys`. The learner expects of a new content what its "
        "category has earned."
    )
    tags: tuple[str, ...] = Field(
        default=(), description="Further properties that contents can share."
    )
    medium: Literal["html", "image", "video"] = Field(description="Kind of the file.")
    file: FileName = Field(description="The file to show, in the folder of the content.")
    motion: bool = Field(description="Whether the content moves.")
    duration_s: Annotated[float, Field(ge=0.1, le=DAY_S)] = Field(
        description="Length of a play, in seconds: a day at most. A content can play again."
    )
    fit: Literal["contain", "cover"] = Field(
        default="contain",
        description="How an image or video of another shape fits the screen. `contain` shows all "
        "of it, `cover` fills the screen and cuts what is over.",
    )
    background: Colour | None = Field(
        default=None,
        description="Colour beside a medium that does not fill the screen. Without it the colour "
        "of the player.",
    )
    sound: bool = Field(default=False, description="Whether a video plays its sound.")
    more: More | None = Field(
        default=None, description="A panel beside the content with more about it."
    )
    adults_only: bool = Field(
        default=False,
        description="Whether to hide it from anyone who may be younger than "
        "`constraints.adult_age`.",
    )
    min_age: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None,
        description="Least age in years. It works like `adults_only`, with an age of its own.",
    )
    max_per_hour: AtLeastOne | None = Field(
        default=None, description="Most plays in any 60 minutes."
    )
    max_per_viewer: AtLeastOne | None = Field(
        default=None,
        description="Most plays that one viewer may have in view during a visit. Earlier visits "
        "count where `perception.returning` recognises the viewer.",
    )
    share_min: Annotated[float, Field(gt=0, le=MOST_PROMISED)] | None = Field(
        default=None,
        description="Least share of the plays that it gets within its dates and hours.",
    )
    share_max: Annotated[float, Field(gt=0, le=1)] | None = Field(
        default=None, description="Largest share of the plays that it may get."
    )
    competes: Annotated[str, Field(min_length=1)] | None = Field(
        default=None,
        description="Name of a group of competitors. None of them may follow another one.",
    )
    mandatory: bool = Field(
        default=False,
        description="Whether it must play. It then plays at once and alone, within its dates and "
        "hours. Without dates or hours it plays when ordered. It is never drawn.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> ContentFile:
        if self.share_min and self.share_max and self.share_min > self.share_max:
            raise ValueError(
                f"share_min ({self.share_min:g}) must not be above share_max ({self.share_max:g})"
            )
        limits = ("adults_only", "min_age", "share_min", *_CAPS)
        against = [name for name in limits if getattr(self, name)]
        if self.mandatory and against:
            raise ValueError(f"mandatory content plays for everyone: remove {', '.join(against)}")
        return self

    @property
    def age_restricted(self) -> bool:
        """Whether the content has an age limit."""
        return self.adults_only or self.min_age is not None


class Content(ContentFile):
    """One item of the catalogue. Its id is the name of its folder."""

    content_id: str
    folder: Path
    version: str = "0"
    """Part of the address of its files: another one whenever a file of the folder changes."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it is about, as features: people may like or dislike all of a kind."""
        return (f"category={self.category}", *(f"tag={tag}" for tag in self.tags))

    @property
    def features(self) -> tuple[str, ...]:
        """What a policy may know of it: first what it shares with others, then its id."""
        return (
            *self.kinds,
            f"medium={self.medium}",
            "motion" if self.motion else "still",
            f"id={self.content_id}",
        )

    def cue(self, decision_id: str, *, now: bool) -> Cue:
        """The cue that asks the screen to show the content."""
        more = None if self.more is None else MoreCue(**self.more.model_dump(exclude={"on"}))
        return Cue(
            decision_id=decision_id,
            content_id=self.content_id,
            title=self.title,
            medium=self.medium,
            file=self.file,
            version=self.version,
            duration_s=self.duration_s,
            now=now,
            adults_only=self.age_restricted,
            fit=self.fit,
            background=self.background,
            sound=self.sound,
            more=more,
        )


class Catalogue(Mapping[str, Content]):
    """All contents by id, in the order of their ids."""

    def __init__(self, contents: list[Content], fallback: str | None = None) -> None:
        """Raises ConfigError for none, two of one id, or a ``fallback`` that is not among them."""
        self._contents = {c.content_id: c for c in sorted(contents, key=lambda c: c.content_id)}
        if len(self._contents) < len(contents):
            counts = Counter(content.content_id for content in contents)
            twice = ", ".join(name for name, count in counts.items() if count > 1)
            raise ConfigError(f"Two folders have the content id {twice}: rename one of them.")
        if not self._contents:
            raise ConfigError("The catalogue is empty: no content can be played.")
        self.fallback = self._fallback(fallback)
        promised = {c.content_id: c.share_min for c in self.values() if c.share_min}
        if sum(promised.values()) > MOST_PROMISED + 1e-9:
            shares = ", ".join(f"{name} {share:g}" for name, share in promised.items())
            raise ConfigError(
                f"share_min of all contents together ({shares}) is more than "
                f"{MOST_PROMISED:g}. The rest must stay free, so that every content has a "
                "chance and the screen can learn."
            )
        self.version = hashlib.sha256(self.as_json().encode()).hexdigest()[:12]

    def loop(self, names: Sequence[str]) -> tuple[Content, ...]:
        """What the page plays alone: those of ``names`` that may, or the fallback."""
        left_out = {name: reason for name in names if (reason := self.not_for_loop(name))}
        for name, reason in left_out.items():
            log.warning("player.loop leaves out %r: it %s.", name, reason)
        return tuple(self[name] for name in names if name not in left_out) or (self.fallback,)

    def not_for_loop(self, name: str) -> str | None:
        """Why the page may not play ``name`` alone; None if it may."""
        return closed_to_some(self[name]) if name in self else "is not in the catalogue"

    def _fallback(self, name: str | None) -> Content:
        """What plays when nothing else may: it must itself be allowed before everybody, always."""
        if name is None:
            free = [c for c in self.values() if not (closed_to_some(c) or _is_capped(c))]
            if not free:
                raise ConfigError(
                    "Every content is restricted, so nothing could play when none is allowed. "
                    "Add one that may play for everyone, at all times and without limits, or set "
                    "`content.fallback`."
                )
            return free[0]
        if name not in self._contents:
            raise ConfigError(
                f"content.fallback is {name!r}, which is not in the catalogue "
                f"({', '.join(self._contents)})."
            )
        if reason := closed_to_some(self._contents[name]):
            raise ConfigError(
                f"content.fallback {name!r} must be allowed for everyone, at all times: it "
                f"{reason}."
            )
        return self._contents[name]

    def __getitem__(self, content_id: str) -> Content:
        return self._contents[content_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents)

    def __len__(self) -> int:
        return len(self._contents)

    def as_json(self) -> str:
        """The catalogue as the journal keeps it, without where it lies on the disk."""
        described: dict[str, Any] = {
            content_id: content.model_dump(mode="json", exclude={"folder", "content_id", "version"})
            | {"features": content.features}
            for content_id, content in self.items()
        }
        return json.dumps(described, sort_keys=True)


def closed_to_some(content: Content) -> str | None:
    """Why there are people, or times, that ``content`` must not play for; None if none."""
    if content.mandatory:
        return "is mandatory and plays only when called for"
    if content.age_restricted:
        return "has adults_only or min_age"
    return None if content.always else "has dates, weekdays or dayparts"


def _is_capped(content: Content) -> bool:
    return any(getattr(content, name) for name in _CAPS)


def read_content(path: Path) -> Content:
    """Read one ``content.toml``. Raises ConfigError when it is broken or lacks a file."""
    try:
        data = read_toml(path)
    except FileNotFoundError as error:
        raise ConfigError(f"{path} cannot be read: the file does not exist.") from error
    content = validate(ContentFile, data, path)
    folder = path.parent.resolve()
    files = {"file": content.file, "more.file": content.more.file if content.more else None}
    for key, name in files.items():
        if name is not None and (reason := _why_not_there(folder, name)):
            raise ConfigError(f"{path}: key '{key}' names {printable(name)!r}, which {reason}.")
    return Content(**content.model_dump(), content_id=id_of(path.parent), folder=folder)


def id_of(folder: Path) -> str:
    """The id of the content in ``folder``: its own name there, whatever a link of it points to."""
    return Path(os.path.normpath(folder.absolute())).name


def _why_not_there(folder: Path, name: str) -> str | None:
    """Why ``name`` is no file in ``folder`` that can be got at; None if it is."""
    try:
        path = (folder / name).resolve(strict=True)
        if path.is_relative_to(folder):
            return None if path.is_file() else "is not a file"
    except PermissionError:
        return "cannot be read: Permission denied"
    except FileNotFoundError:
        alike = [each for each in _names(folder) if _in_any_case(each) == _in_any_case(name)]
        if alike:
            return f"is called {printable(alike[0])!r} on the disk: write it like that"
    except (OSError, RuntimeError):
        return "is a link to itself"
    return f"is not in {folder}"


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []


def _in_any_case(name: str) -> str:
    return looks(name).casefold()
