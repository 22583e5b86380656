"""The catalogue: what may be shown, each content described by its own features."""

from __future__ import annotations

import hashlib
import json
import logging
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from signage.config import ContentConfig, Positive, Section, validate
from signage.errors import ConfigError

log = logging.getLogger(__name__)


class ContentFile(Section):
    """The schema of a ``content.toml``."""

    title: str
    category: str
    tags: tuple[str, ...] = ()
    medium: Literal["html", "image", "video"]
    file: str
    motion: bool
    duration_s: Positive
    adults_only: bool = False
    max_per_hour: Annotated[int, Field(ge=1)] | None = None


class Content(ContentFile):
    """One item of the catalogue. Its id is the name of its folder."""

    content_id: str
    folder: Path

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


class Catalogue(Mapping[str, Content]):
    """All contents by id, in the order of their ids."""

    def __init__(self, contents: list[Content], fallback: str | None = None) -> None:
        """Raises ConfigError when there is none, or ``fallback`` is not one of them."""
        self._contents = {c.content_id: c for c in sorted(contents, key=lambda c: c.content_id)}
        if not self._contents:
            raise ConfigError("The catalogue is empty: no content can be played.")
        free = [c.content_id for c in self.values() if not (c.adults_only or c.max_per_hour)]
        if fallback is None and not free:
            raise ConfigError(
                "Every content is restricted, so nothing could play when none is allowed. "
                "Add one without `adults_only` and `max_per_hour`, or set `content.fallback`."
            )
        if fallback is not None and fallback not in self._contents:
            raise ConfigError(
                f"content.fallback is {fallback!r}, which is not in the catalogue "
                f"({', '.join(self._contents)})."
            )
        self.fallback = self._contents[fallback or free[0]]
        if self.fallback.adults_only:
            raise ConfigError(f"content.fallback {fallback!r} must not be adults-only.")
        self.version = hashlib.sha256(self.as_json().encode()).hexdigest()[:12]

    def __getitem__(self, content_id: str) -> Content:
        return self._contents[content_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._contents)

    def __len__(self) -> int:
        return len(self._contents)

    def as_json(self) -> str:
        """The catalogue as the journal keeps it, without where it lies on the disk."""
        described: dict[str, Any] = {
            content_id: content.model_dump(mode="json", exclude={"folder", "content_id"})
            | {"features": content.features}
            for content_id, content in self.items()
        }
        return json.dumps(described, sort_keys=True)


def load_catalogue(config: ContentConfig) -> Catalogue:
    """Read every ``DIR/*/content.toml``.

    A content that is broken or whose media file is missing is left out with a warning;
    raises ConfigError when none is left.
    """
    if not config.dir.is_dir():
        raise ConfigError(f"There is no content folder {config.dir}. Set `content.dir`.")
    contents = []
    for path in sorted(config.dir.glob("*/content.toml")):
        try:
            contents.append(_read(path))
        except ConfigError as error:
            log.warning("Content left out: %s", error)
    if not contents:
        raise ConfigError(
            f"The catalogue is empty: {config.dir} has no folder with a usable content.toml."
        )
    return Catalogue(contents, config.fallback)


def _read(path: Path) -> Content:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    content = validate(ContentFile, data, path)
    folder = path.parent.resolve()
    media = (folder / content.file).resolve()
    if not (media.is_file() and media.is_relative_to(folder)):
        raise ConfigError(f"{path}: key 'file' names {content.file!r}, which is not in {folder}.")
    return Content(**content.model_dump(), content_id=folder.name, folder=folder)
