"""The plots of the reports, by matplotlib: SVGs as data addresses, so that a page is one file.

Every name in a plot is shown as it is: no part of it is read as a formula, and letters that
matplotlib's own font lacks are left to the fonts of whoever reads the page.
"""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator

from signage.analysis.report.words import share
from signage.stats import Estimate
from signage.text.plain import shortened
from signage.types.arrays import Floats
from signage.types.log import Flags

_INK, _MUTED, _ACCENT, _LINE = "#22303c", "#5d6b78", "#2f6fde", "#dde3ea"
# Apart from each other for those who see colours otherwise, too (Okabe & Ito, 2008).
_SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_HEAT = LinearSegmentedColormap.from_list("heat", ["#f1f5fc", "#9dbcf0", "#2f6fde", "#173a7a"])
_WIDTH_IN = 8.4
_LEAST_COLUMNS = 7
"""Of a heat map: fewer do not become wider."""
_LONGEST_NAME = 30
"""Characters of a name beside a plot; the tables have all of it."""
_MARKERS = "osD^vP"
"""Series differ in black and white, too."""
_HIDDEN, _UNKNOWN = "////", "...."

_HATCHED: Any = {"fill": False, "edgecolor": _MUTED, "linewidth": 0}

Curve = tuple[Sequence[Any], Sequence[Estimate]]
"""Places on the x-axis, numbers or times, and what is there; NaN ends without an interval."""


def curves(series: Mapping[str, Curve], *, xlabel: str, ylabel: str, zero: bool = False) -> str:
    """Each a line with the band of its intervals; with ``zero``, which stands for no difference."""

    def draw(axes: Any) -> None:
        lines = []
        looks = zip(cycle(_SERIES), cycle(_MARKERS), series.values(), strict=False)
        for colour, marker, (places, estimates) in looks:
            lines.append(_band(axes, places, estimates, colour, marker))
        if zero:
            axes.axhline(0, color=_MUTED, linewidth=1, linestyle=(0, (4, 3)))
        else:
            axes.set_ylim(0, 1.05 * axes.get_ylim()[1])
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.yaxis.set_major_locator(MaxNLocator(6))
        if len(series) > 1:
            # With its lines named one by one, as a label of its own with a leading _ is left out.
            axes.legend(lines, _names(series), frameon=False, ncols=min(4, len(series)), loc="best")

    return _picture(draw, height_in=3.4)


def _names(names: Iterable[str]) -> list[str]:
    return [shortened(name, _LONGEST_NAME) for name in names]


def _band(
    axes: Any, places: Sequence[Any], estimates: Sequence[Estimate], colour: str, marker: str
) -> Any:
    values = [estimate.value for estimate in estimates]
    (line,) = axes.plot(places, values, color=colour, marker=marker, markersize=4)
    low = np.array([estimate.low for estimate in estimates])
    high = np.array([estimate.high for estimate in estimates])
    if len(places) == 1:
        if np.isfinite([low[0], high[0]]).all():
            axes.vlines(places, low, high, color=colour)
        return line
    # An end that is open, or not known, does not decide the scale.
    axes.fill_between(places, low, high, color=colour, alpha=0.18, linewidth=0)
    return line


def bars(means: Mapping[str, Estimate], *, xlabel: str) -> str:
    """From the lowest to the highest, each with its interval."""

    def draw(axes: Any) -> None:
        names = sorted(means, key=lambda name: means[name].value)
        values = [means[name].value for name in names]
        axes.barh(range(len(names)), values, color=_ACCENT, height=0.62)
        axes.set_yticks(range(len(names)), _names(names))
        for place, name in enumerate(names):
            mean = means[name]
            if np.isfinite([mean.low, mean.high]).all():
                ends = max(0.0, mean.low), mean.high
                axes.plot(ends, [place, place], color=_INK, linewidth=1.4, marker="|")
        axes.set(xlabel=xlabel)
        axes.set_xlim(left=0)
        axes.tick_params(axis="y", length=0)

    return _picture(draw, height_in=0.9 + 0.32 * len(means))


def funnel(steps: Mapping[str, int]) -> str:
    """From all to the few, each beside its share of the first."""

    def draw(axes: Any) -> None:
        names = list(steps)[::-1]
        counts = [steps[name] for name in names]
        most = max(*counts, 1)
        axes.set_yticks(range(len(names)), _names(names))
        axes.barh(range(len(names)), counts, color=_ACCENT, height=0.66)
        for place, count in enumerate(counts):
            label = f"{count:,}  ({share(count, most)})"
            axes.text(count + 0.01 * most, place, label, va="center")
        axes.set_xlim(0, 1.18 * most)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(axis="y", length=0)

    return _picture(draw, height_in=0.5 + 0.45 * len(steps))


def heat(
    values: Floats,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    hidden: Mapping[str, Flags],
    form: str,
) -> str:
    """A heat map of ``values``, shape (rows, columns), written in ``form``; NaN cells stay empty.

    ``hidden``, each of the same shape: cells whose number is not shown, by the reason, which a
    legend tells: the first kind is hatched, the second dotted.
    """
    kinds = dict(zip(hidden, (_HIDDEN, _UNKNOWN), strict=False))

    def draw(axes: Any) -> None:
        shown = np.where(np.any([*hidden.values()], axis=0), np.nan, values)
        top = float(np.nanmax(shown)) if np.isfinite(shown).any() else 1.0
        axes.imshow(shown, cmap=_HEAT, vmin=0, vmax=top or 1.0, aspect="auto")
        for (row, column), value in np.ndenumerate(shown):
            for reason, hatch in kinds.items():
                if hidden[reason][row, column]:
                    corner = (column - 0.5, row - 0.5)
                    axes.add_patch(Rectangle(corner, 1, 1, hatch=hatch, **_HATCHED))
            if np.isfinite(value):
                colour = "white" if value > 0.45 * top else _INK
                label = form.format(value)
                axes.text(column, row, label, ha="center", va="center", color=colour, size=8)
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), _names(rows))
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
        axes.set_xlim(-0.5, max(len(columns), _LEAST_COLUMNS) - 0.5)
        axes.grid(which="minor", color="white", linewidth=1.5)
        axes.tick_params(which="minor", length=0)
        if reasons := [reason for reason in kinds if hidden[reason].any()]:
            keys = [Patch(hatch=kinds[reason], **_HATCHED) for reason in reasons]
            axes.figure.legend(
                keys, reasons, loc="outside lower left", ncols=2, frameon=False, fontsize=9
            )

    return _picture(draw, height_in=1.2 + 0.34 * len(rows))


def _picture(draw: Callable[[Any], None], *, height_in: float) -> str:
    style: Any = {
        "svg.hashsalt": "signage",
        "text.parse_math": False,
        "svg.fonttype": "none",
        "font.size": 10,
        "axes.edgecolor": _MUTED,
        "axes.labelcolor": _INK,
        "text.color": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "hatch.linewidth": 0.8,
        "date.converter": "concise",
    }
    with mpl.rc_context(style), warnings.catch_warnings():
        # Only to measure a text does matplotlib need its letters; the browser has the fonts.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        warnings.filterwarnings("ignore", "Matplotlib currently does not support", UserWarning)
        figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
        draw(figure.subplots())
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
