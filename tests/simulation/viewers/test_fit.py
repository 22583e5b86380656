"""The response of an audience, estimated from its journal."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from signage.errors import JournalError
from signage.simulation.batch import Job, Result, simulate
from signage.simulation.viewers.fit import ResponseFit, fit, write_model
from signage.simulation.viewers.fit_plot import draw
from signage.simulation.viewers.model import ResponseModel, load_model
from tests.support.shop import job

pytestmark = pytest.mark.system

TRUE = ResponseModel(
    look_share_moving=0.45,
    look_share_still=0.25,
    look_s_moving=5.0,
    look_s_still=3.0,
    pull=0.8,
    hold=0.6,
    boredom=0.4,
    reading=0.5,
)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    plain = job(plays=1500)
    result: Result = simulate(Job(plain.config, plain.catalogue, plain.recording, TRUE, 1500))
    out = tmp_path_factory.mktemp("played")
    result.write(out)
    return out / "journal.sqlite"


def test_known_parameters_come_back_within_their_error(played: Path, tmp_path: Path) -> None:
    fitted, told = fit(played)
    for name, error in fitted.errors.items():
        found, true = getattr(fitted.model, name), getattr(TRUE, name)
        assert abs(found - true) < 3 * error + 0.02, name
    assert fitted.errors["look_share_moving"] < 0.08
    assert set(fitted.gaps) == {"moving", "still"}
    assert max(fitted.gaps.values()) < 0.06
    draw(fitted, told, tmp_path / "fit.png")
    assert (tmp_path / "fit.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_written_is_a_preset(tmp_path: Path) -> None:
    path = tmp_path / "response.toml"
    write_model(ResponseFit(TRUE, {"pull": 0.1}, 100, {}), path)
    assert load_model(str(path)) == TRUE
    assert "pull = 0.800000  # ± 0.100" in path.read_text()
    assert "smile = 0.300000  # not estimated" in path.read_text()


def test_a_journal_with_too_little_in_it_says_so(tmp_path: Path) -> None:
    simulate(job(plays=3)).write(tmp_path)
    with pytest.raises(JournalError, match="too few to fit a response"):
        fit(tmp_path / "journal.sqlite")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("INSERT INTO runs VALUES (9, '2026-01-01', 'other', '')", "mixes the screens"),
        ("DELETE FROM decisions WHERE number = 9", "decisions were removed"),
    ],
)
def test_a_spoilt_journal_gives_no_response(
    statement: str, said: str, played: Path, tmp_path: Path
) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(played.read_bytes())
    db = sqlite3.connect(path)
    with db:
        db.execute(statement)
    db.close()
    with pytest.raises(JournalError, match=said):
        fit(path)
