"""The report on a journal: one self-contained HTML page, with plots."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import jinja2
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from signage.errors import JournalError

Row = Mapping[str, Any]

_TEMPLATE = Path(__file__).with_name("report.html")
_STRETCHES = 12
_LEAST_IN_STRETCH = 10
_AGE_EDGES = (0, 13, 18, 25, 35, 45, 55, 65, 101)
_INK, _ACCENT, _PALE = "#22303c", "#2f6fde", "#b9cdf3"
_STATES = {
    "asked": "not confirmed when the journal ended",
    "started": "still on screen when the journal ended",
    "finished": "shown to its end",
    "interrupted": "cut short by another",
    "superseded": "replaced before it was shown",
    "failed": "not shown by the screen",
}


def write_report(
    out: Path,
    *,
    decisions: Sequence[Row],
    viewers: Sequence[Row],
    impressions: Sequence[Row],
    contents: Mapping[str, Row],
) -> None:
    """Write the page to ``out``. Rows as ``journal.reader`` gives them, oldest first.

    Raises JournalError when there is nothing to report or ``out`` cannot be written.
    """
    if not decisions:
        raise JournalError("The journal is empty: no decision was ever made. Nothing to report.")
    shown = [row for row in decisions if row["started_utc"]]
    rewarded = [row for row in shown if row["reward"] is not None]
    page = _page().render(
        screen=decisions[0]["decision_id"].rpartition("-")[0],
        begin=_minute(decisions[0]["t_utc"]),
        end=_minute(decisions[-1]["t_utc"]),
        policies=sorted({row["policy"] for row in decisions}),
        tiles=_tiles(shown, rewarded, viewers),
        plots=[plot for plot in _plots(rewarded, viewers) if plot[-1]],
        contents=_contents(shown, impressions, contents),
        states=_count(_STATES[row["state"]] for row in decisions),
        triggers=_count(row["trigger"] for row in decisions),
        masked=_count(
            reason.partition(":")[0] for row in decisions for reason in row["masked"].values()
        ),
        forced=sum(bool(row["forced"]) for row in decisions),
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise JournalError(
            f"The report {out} cannot be written: {error.strerror}. Choose another --out."
        ) from error


def _tiles(
    shown: Sequence[Row], rewarded: Sequence[Row], viewers: Sequence[Row]
) -> list[tuple[str, str, str]]:
    """Figure, its name, and what it means."""
    watchers = [viewer for viewer in viewers if viewer["attention_s"] > 0]
    dwell_s = sum(viewer["dwell_s"] for viewer in viewers)
    attention_s = sum(viewer["attention_s"] for viewer in viewers)
    mean = float(np.mean([row["reward"] for row in rewarded])) if rewarded else None
    return [
        (str(len(viewers)), "opportunities to see", "persons present before the screen"),
        (str(len(watchers)), "watchers", "of them looked at least once"),
        (_share(len(watchers), len(viewers)), "conversion ratio", "watchers / opportunities"),
        (f"{attention_s:.0f} s", "attention time", f"of {dwell_s:.0f} s dwell time"),
        (_share(attention_s, dwell_s), "attraction ratio", "attention time / dwell time"),
        (str(len(shown)), "plays", f"{len(rewarded)} of them before people"),
        ("–" if mean is None else f"{mean:.3f}", "mean reward", "of the plays before people"),
    ]


def _plots(rewarded: Sequence[Row], viewers: Sequence[Row]) -> list[tuple[str, str, str]]:
    """Title, caption and picture of each plot that there are data for."""
    return [
        (
            "Reward over time",
            "Mean reward of each stretch of plays, with its 95 % interval (normal, 1.96 standard "
            "errors), before people who could have seen them.",
            _picture(lambda axes: _learning_curve(axes, rewarded)) if len(rewarded) > 1 else "",
        ),
        (
            "Reward by content",
            "Mean reward and its 95 % interval, of the plays before people.",
            _picture(lambda axes: _by_content(axes, rewarded)) if rewarded else "",
        ),
        (
            "Attention by age",
            "Dwell time, and attention time within it, by the estimated age of the viewer.",
            _picture(lambda axes: _by_age(axes, viewers))
            if any(viewer["age_years"] is not None for viewer in viewers)
            else "",
        ),
    ]


def _learning_curve(axes: Any, rewarded: Sequence[Row]) -> None:
    values = np.array([row["reward"] for row in rewarded])
    count = min(_STRETCHES, max(1, len(values) // _LEAST_IN_STRETCH))
    stretches = np.array_split(np.arange(len(values)), count)
    ends = [int(stretch[-1]) + 1 for stretch in stretches]
    means, errors = zip(*(_mean_and_error(values[stretch]) for stretch in stretches), strict=True)
    low, high = np.subtract(means, errors), np.add(means, errors)
    axes.fill_between(ends, np.clip(low, 0, 1), np.clip(high, 0, 1), color=_PALE)
    axes.plot(ends, means, color=_ACCENT, marker="o")
    top = min(1.0, 1.1 * max(0.1, *high))
    axes.set(xlabel="plays before people", ylabel="mean reward", xlim=(0, None), ylim=(0, top))


def _by_content(axes: Any, rewarded: Sequence[Row]) -> None:
    stats = {
        name: _mean_and_error(np.array([r["reward"] for r in rewarded if r["content_id"] == name]))
        for name in sorted({row["content_id"] for row in rewarded}, reverse=True)
    }
    names = sorted(stats, key=lambda name: stats[name][0])
    means, errors = zip(*(stats[name] for name in names), strict=True)
    low = np.minimum(errors, means)  # no reward is below 0
    axes.barh(names, means, xerr=(low, errors), color=_ACCENT, ecolor=_INK, capsize=3)
    axes.set(xlabel="mean reward", xlim=(0, min(1.0, 1.05 * max(0.1, *np.add(means, errors)))))


def _by_age(axes: Any, viewers: Sequence[Row]) -> None:
    bands = list(pairwise(_AGE_EDGES))
    known = [viewer for viewer in viewers if viewer["age_years"] is not None]
    labels = [f"{low}–{high - 1}" for low, high in bands]
    for name, colour in (("dwell_s", _PALE), ("attention_s", _ACCENT)):
        sums = [
            sum(viewer[name] for viewer in known if low <= viewer["age_years"] < high)
            for low, high in bands
        ]
        axes.bar(labels, sums, color=colour, label=name.replace("_s", " time"))
    axes.set(xlabel="estimated age in years", ylabel="seconds")
    axes.legend(frameon=False)


def _mean_and_error(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Mean, and 1.96 standard errors; 0 where the values cannot tell: one alone, or all alike."""
    if len(values) < 2:
        return float(values.mean()), 0.0
    return float(values.mean()), float(1.96 * values.std(ddof=1) / np.sqrt(len(values)))


def _picture(draw: Callable[[Any], None]) -> str:
    """An SVG as a data address, so that the page stays one file."""
    style: Any = {
        "svg.hashsalt": "signage",
        "font.size": 11,
        "axes.edgecolor": _INK,
        "text.color": _INK,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        axes = figure.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def _contents(
    shown: Sequence[Row], impressions: Sequence[Row], contents: Mapping[str, Row]
) -> list[dict[str, str]]:
    """One row of the table for each content that was shown, most plays first."""
    rows = []
    for content_id in {row["content_id"] for row in shown}:
        plays = [row for row in shown if row["content_id"] == content_id]
        seen = [row for row in impressions if row["content_id"] == content_id]
        rewards = np.array([row["reward"] for row in plays if row["reward"] is not None])
        mean, error = _mean_and_error(rewards) if len(rewards) else (0.0, 0.0)
        attention_s = sum(row["attention_s"] for row in seen)
        rows.append(
            {
                "content_id": content_id,
                "title": contents[content_id]["title"],
                "category": contents[content_id]["category"],
                "plays": str(len(plays)),
                "impressions": str(len(seen)),
                "attention": f"{attention_s:.0f} s",
                "ratio": _share(attention_s, sum(row["present_s"] for row in seen)),
                "read": f"{sum(row['reading_s'] or 0.0 for row in seen):.0f} s",
                "reaction": f"{np.mean([row['reaction'] for row in seen]):+.2f}" if seen else "–",
                "reward": f"{mean:.3f}" + (f" ± {error:.3f}" if error else "")
                if len(rewards)
                else "–",
            }
        )
    return sorted(rows, key=lambda row: (-int(row["plays"]), row["content_id"]))


def _count(names: Any) -> list[tuple[str, int]]:
    counted: dict[str, int] = {}
    for name in names:
        counted[name.replace("_", " ")] = counted.get(name.replace("_", " "), 0) + 1
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole else "–"


def _minute(utc: str) -> str:
    return f"{datetime.fromisoformat(utc):%Y-%m-%d %H:%M} UTC"


def _page() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
