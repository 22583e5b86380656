"""Joins the journal, its evaluation and the page: `signage report`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from signage.analysis.experiment import result_of
from signage.analysis.report import LEAST_PERSONS
from signage.analysis.report.inputs import STRETCHES, ReportInputs
from signage.analysis.report.journal_page import report_page
from signage.analysis.report.page import write_page
from signage.errors import JournalError
from signage.evaluation.constraints_kept import recount
from signage.evaluation.evaluation import Evaluation, evaluate
from signage.evaluation.rewards import rewards_of
from signage.evaluation.what_if import Target, uniform
from signage.io import journal_path
from signage.journal.decision_log import JournalLog
from signage.journal.experiments import Experiments
from signage.journal.figures.report import ReportFigures
from signage.journal.soundness import SoundLog, check_sound
from signage.types.log import Log


def write_report(
    journal: Path,
    out: Path,
    *,
    experiment: str | None = None,
    simulated: Mapping[str, Any] | None = None,
    least_persons: int = LEAST_PERSONS,
    on_progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Write the page about ``journal``, a file or its folder, to ``out``.

    ``experiment`` is the name of the one to show, the newest by default; ``simulated``
    the summary of the simulation that made the journal. Cells with fewer people than
    ``least_persons`` are left out. ``on_progress`` gets the share done. Raises JournalError for a
    journal that no number can be drawn from, SignageError where ``out`` cannot be written.
    """
    path = journal_path(journal)
    experiments = Experiments(path)
    check_sound(experiments)
    figures = ReportFigures(path)
    log = SoundLog(JournalLog(path))
    added_up = figures.all()
    inputs = ReportInputs(
        figures=added_up,
        described=figures.contents(),
        contents=tuple(log.contents),
        rewards=rewards_of(log),
        by_lot=_by_lot(log, on_progress),
        experiment=_experiment(experiments, experiment),
        constraints_kept=recount(figures.shown(added_up["last"]), figures.catalogues()),
        simulated=simulated,
        least_persons=least_persons,
    )
    write_page(report_page(inputs), out)


def _by_lot(log: Log, on_progress: Callable[[float], None]) -> Evaluation | str:
    try:
        return evaluate(
            log, [Target("by lot", uniform)], on_progress=on_progress, stretches=STRETCHES
        )
    except JournalError as error:  # what is spoilt was refused before: here there is too little
        return str(error)


def _experiment(experiments: Experiments, name: str | None) -> Mapping[str, Any] | str | None:
    if name is not None:
        return result_of(experiments, name)
    if not experiments.names():
        return None
    try:
        return result_of(experiments)
    except JournalError as error:  # a screen has more to tell than its experiment
        return str(error)
