"""The report on a journal, section by section."""

from __future__ import annotations

from collections.abc import Mapping

from signage.analysis.report import answer, audience, learning, record
from signage.analysis.report.inputs import ReportInputs
from signage.analysis.report.page import Page
from signage.analysis.report.words import counting_rules


def report_page(inputs: ReportInputs) -> Page:
    """The page of ``said``."""
    figures = inputs.figures
    headline, detail = answer.headline(inputs)
    sections = [
        learning.simulated(inputs),
        learning.experiment(inputs),
        learning.learning_curve(inputs),
        learning.lift_over_time(inputs),
        audience.funnel(inputs),
        audience.contents(inputs),
        audience.cells(inputs),
        audience.hours(inputs),
        record.balance(inputs),
        record.constraints(inputs),
        record.quality(inputs),
    ]
    has_experiment = isinstance(inputs.experiment, Mapping)
    applies = {
        "intervals": True,
        "cells": True,
        "off-policy": inputs.lift is not None and not has_experiment,
        "experiment": has_experiment,
        "simulation": bool(inputs.made_by),
    }
    period = " to ".join(f"{figures[end]:%d %B %Y %H:%M}" for end in ("since", "until"))
    return Page(
        title=f"{'Simulated audience: screen' if inputs.made_by else 'Screen'} {figures['screen']}",
        subtitle=f"{period}, by {inputs.clock}. Contents chosen by {inputs.policies}.",
        headline=headline,
        detail=detail,
        tiles=tuple(answer.tiles(inputs)),
        sections=tuple(section for section in sections if section is not None),
        methods=frozenset(name for name, does in applies.items() if does),
        simulated=inputs.made_by,
        counting=counting_rules(figures["counting"]),
    )
