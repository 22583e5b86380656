"""Who was there, and what they looked at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signage.analysis.report import plots
from signage.analysis.report.inputs import ReportInputs, Row
from signage.analysis.report.page import Picture, Section, Table
from signage.analysis.report.words import ends, length, number, share
from signage.stats import Estimate
from signage.types.arrays import Floats
from signage.types.log import Flags

_MOST_ROWS = 20
"""Contents in a plot."""
_LOOKS = (
    "under 18",
    *(f"{who} {age}" for age in ("18–34", "35–54", "55+") for who in ("women", "men", "adults")),
    "age unknown",
)
_MOVEMENTS = ("approaching", "standing", "passing by", "leaving", "unknown")
_COLUMNS = (
    *("content", "plays", "shown", "impressions", "attention", "attraction", "read"),
    *("reaction", "mean reward"),
)
_UNKNOWN = "no data: the screen was off, or the camera could not see"
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def funnel(inputs: ReportInputs) -> Section | None:
    """How far each visit came."""
    figures, audience = inputs.figures, inputs.figures["audience"]
    if not audience["visits"]:
        return None
    steps = {
        "in view": audience["visits"],
        "looked": audience["watchers"],
        f"held for {figures['held_s']:g} s": audience["held"],
        "read": audience["read"],
    }
    alt = ", ".join(f"{name}: {count}" for name, count in steps.items())
    return Section(
        "From passing to reading",
        "How many visits reached each step.",
        (Picture(plots.funnel(steps), alt),),
        note=f"Held: at least {figures['held_s']:g} s of attention to one play. A shorter look is "
        "a glance.",
    )


def contents(inputs: ReportInputs) -> Section:
    """What each content got."""
    enough = {row["content_id"] for row in inputs.by_plays if not _few(inputs, row)}
    means = {}
    for place, name in enumerate(inputs.contents):
        mean = inputs.rewards.mean(np.flatnonzero(inputs.rewards.shown == place))
        if mean is not None and name in enough:
            means[name] = mean
    most = {name: means[name] for name in _most_played(inputs) if name in means}
    pictures: tuple[Picture, ...] = ()
    if most:
        best = max(most, key=lambda name: most[name].value)
        alt = f"Mean reward by content. {best} earned the most, {most[best].value:.3f}."
        pictures = (Picture(plots.bars(most, xlabel="mean reward"), alt),)
    return Section(
        "Contents",
        pictures=pictures,
        tables=(
            Table(
                _COLUMNS,
                tuple(
                    _content(inputs, row, means.get(row["content_id"])) for row in inputs.by_plays
                ),
            ),
        ),
        note=f"{_which(inputs)}An impression is one person’s opportunity to see one play. "
        "Reaction ranges from −1 to 1, compared with each face’s usual expression. A "
        f"dash means nobody, or fewer than {inputs.least_persons} people.",
    )


def cells(inputs: ReportInputs) -> Section | None:
    """Attention by content and kind of people."""
    pictures = []
    for key, order, name in (
        ("looks", _LOOKS, "estimated age and gender"),
        ("movements", _MOVEMENTS, "movement"),
    ):
        if (picture := _heat(inputs, inputs.figures[key], order)) is not None:
            pictures.append(Picture(picture, f"Attraction ratio by content and {name}."))
    if not pictures:
        return None
    return Section(
        "Attention by content and audience",
        "Attraction ratio (attention time / dwell time), by estimated age and gender "
        "and by movement.",
        tuple(pictures),
        note=f"{_which(inputs)}Hatched: {few(inputs)}, or a cell that would reveal them by "
        "subtraction. Empty: nobody.",
    )


def hours(inputs: ReportInputs) -> Section | None:
    """Who came when, and looked."""
    rows = inputs.figures["hours"]
    if len(rows) < 2 or not any(row["persons"] for row in rows):
        return None
    busy, ratio = np.full((2, 7, 24), np.nan)
    hidden, unknown = np.zeros((7, 24), bool), np.ones((7, 24), bool)
    for row in rows:
        at = (row["weekday"] - 1) % 7, row["hour"]
        if not row["hours"]:
            continue
        unknown[at] = False
        busy[at] = row["persons"] / row["hours"]
        hidden[at] = 0 < row["persons"] < inputs.least_persons
        if row["possible_s"]:
            ratio[at] = row["attention_s"] / row["possible_s"]
    hours = sorted({row["hour"] for row in rows})
    within = slice(hours[0], hours[-1] + 1)
    labels = [f"{hour}" for hour in range(hours[0], hours[-1] + 1)]
    days = sorted({(row["weekday"] - 1) % 7 for row in rows})
    names = [_WEEKDAYS[day] for day in days]
    cut = (days, within)
    why = {few(inputs): hidden[cut], _UNKNOWN: unknown[cut]}
    pictures = tuple(
        Picture(plots.heat(of[cut], names, labels, hidden=why, form=form), alt)
        for of, form, alt in (
            (busy, "{:.0f}", "People per hour, by weekday and hour."),
            (ratio, "{:.0%}", "Attraction ratio, by weekday and hour."),
        )
    )
    return Section(
        "By hour and weekday",
        "People with an opportunity to see a play per observed hour, then their attraction ratio.",
        pictures,
        note=f"Times by {inputs.clock}. Empty: nobody was present.",
    )


def _content(inputs: ReportInputs, row: Row, mean: Estimate | None) -> tuple[str, ...]:
    name = row["content_id"]
    seen = ("–",) * 5
    if row.get("impressions") and not _few(inputs, row):
        seen = (
            f"{row['impressions']:,}",
            length(row["attention_s"]),
            share(row["attention_s"], row["possible_s"]),
            length(row["reading_s"]),
            number(row["reaction"], "+.2f"),
        )
    return (
        f"{inputs.described[name]['title']} ({name})",
        f"{row['plays']:,}",
        length(row["shown_s"]),
        *seen,
        "–" if mean is None else f"{mean.value:.3f}{ends(mean, '.3f')}",
    )


def _few(inputs: ReportInputs, row: Row) -> bool:
    return bool(row.get("persons", 0) < inputs.least_persons)


def _heat(inputs: ReportInputs, cells: Sequence[Row], order: Sequence[str]) -> str | None:
    names = [
        name for name in _most_played(inputs) if any(cell["content_id"] == name for cell in cells)
    ]
    segments = [name for name in order if any(cell["segment"] == name for cell in cells)]
    if not names or segments in ([], [order[-1]]):
        return None  # nothing is known of anybody
    ratio = np.full((len(names), len(segments)), np.nan)
    persons = np.zeros_like(ratio)
    for cell in cells:
        if cell["content_id"] not in names:
            continue
        at = names.index(cell["content_id"]), segments.index(cell["segment"])
        ratio[at] = cell["attention_s"] / cell["possible_s"] if cell["possible_s"] else np.nan
        persons[at] = cell["persons"]
    hidden = suppressed(persons, inputs.least_persons)
    if not np.isfinite(ratio[~hidden]).any():
        return None
    columns = [segment.replace(" ", "\n", 1) for segment in segments]
    return plots.heat(ratio, names, columns, hidden={few(inputs): hidden}, form="{:.0%}")


def few(inputs: ReportInputs) -> str:
    """Why a cell is hatched."""
    return f"fewer than {inputs.least_persons} people"


def suppressed(persons: Floats, least: int) -> Flags:
    """Cells to hide, shape (contents, segments): with fewer people than ``least``.

    Where that is one of a row, the next smallest, too: the row's total is shown, and would give
    it away by difference.
    """
    hidden = (persons > 0) & (persons < least)
    for row in np.flatnonzero(hidden.sum(axis=1) == 1):
        others = np.where(hidden[row] | (persons[row] == 0), np.inf, persons[row])
        if np.isfinite(others).any():
            hidden[row, int(np.argmin(others))] = True
    return hidden


def _which(inputs: ReportInputs) -> str:
    """What a plot lacks."""
    number = len(inputs.by_plays)
    if number <= _MOST_ROWS:
        return ""
    return f"The plot shows the {_MOST_ROWS} of {number} contents with the most plays. "


def _most_played(inputs: ReportInputs) -> list[str]:
    return [row["content_id"] for row in inputs.by_plays[:_MOST_ROWS]]
