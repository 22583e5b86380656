"""The commands about contents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signage.cli.options import JsonOption
from signage.cli.output import print_json, progress, warn_on_stderr
from signage.errors import ConfigError
from signage.text.names import printable

if TYPE_CHECKING:
    from rich.text import Text

    from signage.content.check import Checked

content = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Check the contents of a screen."
)

_MOST_NAMED = 10
_COLOURS = {"ok": "green", "warning": "yellow", "will not play": "red"}


@content.callback()
def _content() -> None:
    """Keeps `check` a word of its own as long as it is the only command."""


@content.command()
def check(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Folder of all contents, or of one; `content.dir` if not given.", metavar="[DIR]"
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Configuration file; with DIR, none unless given.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check that every content will play.

    Each file is decoded, and its real duration and size are read. The exit code is 1 when anything
    will not play.
    """
    from signage.config.file import load_config
    from signage.config.locations import find_any_config
    from signage.content.check import check_folder, contents_in
    from signage.content.loader import check_together

    warn_on_stderr()
    settings = load_config(find_any_config(config)) if config or folder is None else None
    if folder is None:
        assert settings is not None  # noqa: S101
        folder = settings.content.dir
    listing = contents_in(folder)
    with progress("decoding", len(listing.contents)) as on_progress:
        found = sorted(check_folder(folder, on_progress), key=lambda checked: checked.content_id)
    if not found:
        raise ConfigError(
            f"{folder} has no content.toml, and neither have its folders. Name a folder "
            "of contents."
        )
    is_one = (folder / "content.toml").is_file()
    faults = [] if is_one else check_together(found, settings)
    fit = not faults and not any(checked.errors for checked in found)
    if as_json:
        contents = [checked.record() for checked in found]
        print_json(
            {
                "ok": fit,
                "dir": printable(str(folder)),
                "contents": contents,
                "catalogue": faults,
                "loose": listing.loose,
            }
        )
    else:
        _print(found, faults, listing.loose)
    if not fit:
        raise typer.Exit(1)


def _print(found: list[Checked], faults: list[str], loose: list[str]) -> None:
    from rich.text import Text

    from signage.text.terminal import Console, line, table

    console = Console()
    made = table("content", "medium", "size", "lasts", "verdict")
    for checked in found:
        made.add_row(checked.content_id, *_cells(checked))
    console.print(made)
    for checked in found:
        for colour, reasons in (("red", checked.errors), ("yellow", checked.warnings)):
            for reason in reasons:
                console.print(line((checked.content_id, colour), f": {reason}"))
    for fault in faults:
        console.print(line(("all contents", "red"), f": {fault}"))
    if loose:
        names = ", ".join(loose[:_MOST_NAMED]) + (", …" if len(loose) > _MOST_NAMED else "")
        console.print(
            Text.assemble(
                (names, "yellow"),
                ": ignored, as every content needs its own folder with a content.toml.",
            )
        )
    counts = [f"{sum(c.verdict == v for c in found)} {v}" for v in _COLOURS]
    console.print(f"{len(found)} contents: {', '.join(counts)}.")


def _cells(checked: Checked) -> tuple[str | Text, ...]:
    from rich.text import Text

    content, media, verdict = checked.content, checked.media, checked.verdict
    medium = content.medium if content else "?"
    size = "any" if media or medium == "html" else ""
    if media is None:
        return medium, size, "", Text(verdict, _COLOURS[verdict])
    if media.width_px is not None:
        size = f"{media.width_px} × {media.height_px}"
    lasts = "" if media.duration_s is None else f"{media.duration_s:.1f} s"
    kind = f"{medium} {media.codec or media.container}"
    return kind, size, lasts, Text(verdict, _COLOURS[verdict])
