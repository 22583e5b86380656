"""The report on a journal, section by section."""

from __future__ import annotations

from collections.abc import Mapping

from signage.analysis.report import answer, audience, learning, record
from signage.analysis.report.inputs import Material
from signage.analysis.report.page import Page


def report_page(said: Material) -> Page:
    """The page of ``said``."""
    figures = said.figures
    headline, detail = answer.headline(said)
    sections = [
        learning.simulated(said),
        learning.experiment(said),
        learning.learning_curve(said),
        learning.lift_over_time(said),
        audience.funnel(said),
        audience.contents(said),
        audience.cells(said),
        audience.hours(said),
        record.balance(said),
        record.constraints(said),
        record.quality(said),
    ]
    has_experiment = isinstance(said.experiment, Mapping)
    applies = {
        "intervals": True,
        "cells": True,
        "off-policy": said.lift is not None and not has_experiment,
        "experiment": has_experiment,
        "simulation": bool(said.made_by),
    }
    period = " to ".join(f"{figures[end]:%d %B %Y %H:%M}" for end in ("since", "until"))
    return Page(
        title=f"{'Simulated audience: screen' if said.made_by else 'Screen'} {figures['screen']}",
        subtitle=f"{period}, by {said.clock}. Decided by {said.policies}.",
        headline=headline,
        detail=detail,
        tiles=tuple(answer.tiles(said)),
        sections=tuple(section for section in sections if section is not None),
        methods=frozenset(name for name, does in applies.items() if does),
        simulated=said.made_by,
    )
