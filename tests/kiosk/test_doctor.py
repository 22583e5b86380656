"""Doctor: each check on a machine that is fit, and on one that is not."""

from __future__ import annotations

import shutil
import socket
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from signage.config.camera import CameraConfig, ReelSegment
from signage.config.config import Config
from signage.config.perception import PerceptionConfig
from signage.config.server import ServerConfig
from signage.kiosk import doctor, libraries
from signage.kiosk.doctor import Check

ROOT = Path(__file__).parents[2]
PATH = Path("kiosk.toml")


def picture(camera: CameraConfig) -> tuple[str, str] | None:
    return None


def make_config(folder: Path) -> Config:
    return Config(
        data_dir=folder / "data",
        perception=PerceptionConfig(models_dir=folder),
        server=ServerConfig(port=0),
    )


def test_every_check_tells_something_and_a_failed_one_what_to_do(tmp_path: Path) -> None:
    checks = doctor.run_checks(make_config(tmp_path), PATH, picture)

    assert [check.name for check in checks] == [
        "packages",
        "libraries",
        "models",
        "camera",
        "disk",
        "display",
        "port",
        "clock",
    ]
    for check in checks:
        assert check.detail
        assert check.ok != bool(check.remedy)
    # There are no models in that folder; all else is as it must be for these tests to run.
    assert [check.name for check in checks if not check.ok] == ["models"]


def test_a_second_opencv_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"cv2": ["opencv-python", "opencv-contrib-python", "opencv-python"]}
    monkeypatch.setattr("importlib.metadata.packages_distributions", lambda: both)

    check = doctor._packages()

    assert not check.ok
    assert check.detail == "cv2 comes from opencv-contrib-python and opencv-python"


@pytest.mark.parametrize(
    ("version", "ok"), [("0.10.31", True), ("0.10.33", True), ("0.10.34", False), ("1.0", False)]
)
def test_a_mediapipe_that_reports_usage_is_told(
    version: str, *, ok: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = metadata.version
    monkeypatch.setattr(
        "importlib.metadata.version", lambda name: version if name == "mediapipe" else real(name)
    )

    assert doctor._packages().ok is ok


def test_a_missing_library_is_told_with_its_debian_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lacking = {"libsignage-none.so.1": "libsignage1"}
    assert libraries.missing(lacking) == lacking
    monkeypatch.setattr("signage.kiosk.libraries.missing", lambda: lacking)

    check = doctor._libraries()

    assert not check.ok
    assert check.detail == "missing: libsignage-none.so.1"
    assert check.remedy == "On Debian: `sudo apt install libsignage1`."


def test_libraries_that_do_not_load_are_told_by_their_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('libX.so.6: cannot open')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    check = doctor._libraries()

    assert not check.ok
    assert check.detail == "ImportError: libX.so.6: cannot open"


def test_missing_models_are_named(tmp_path: Path) -> None:
    shutil.copy(ROOT / "models/manifest.toml", tmp_path)

    check = doctor._models(make_config(tmp_path))

    assert not check.ok
    assert "face_landmarker.task is missing" in check.detail
    assert check.remedy == "Run `signage models pull`."


def test_what_is_wrong_with_the_camera_is_told_by_the_probe(tmp_path: Path) -> None:
    def covered(camera: CameraConfig) -> tuple[str, str] | None:
        return f"camera {camera.source} sends only black pictures", "Take the cover off the lens."

    assert doctor._camera(make_config(tmp_path), PATH, covered) == Check(
        "camera",
        ok=False,
        detail="camera 0 sends only black pictures",
        remedy="Take the cover off the lens. The `source` is set in [camera] of kiosk.toml.",
    )


def test_no_source_at_all_is_told() -> None:
    config = Config(camera=CameraConfig(source=None))

    assert not doctor._camera(config, PATH, picture).ok


def test_a_reel_needs_its_clips_and_no_camera(tmp_path: Path) -> None:
    config = Config(camera=CameraConfig(reel=(ReelSegment(clip="a.mp4"),), footage_dir=tmp_path))

    def probe(camera: CameraConfig) -> tuple[str, str] | None:
        raise AssertionError(camera)

    assert "lacks a.mp4" in doctor._camera(config, PATH, probe).detail
    (tmp_path / "a.mp4").write_bytes(b"")
    assert doctor._camera(config, PATH, probe).ok


def test_a_data_folder_that_cannot_be_written_is_told() -> None:
    config = Config(data_dir=Path("/proc/signage"))

    check = doctor._disk(config, PATH)

    assert not check.ok
    assert check.detail.startswith("cannot write to /proc: ")


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=5e8))

    check = doctor._disk(make_config(tmp_path), PATH)

    assert not check.ok
    assert check.detail.startswith("0.5 GB free")


def test_no_display_is_no_failure_but_a_display_needs_a_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert doctor._display().ok

    monkeypatch.setenv("DISPLAY", ":0")
    assert "sudo apt install chromium" in doctor._display().remedy

    (tmp_path / "chromium").touch(mode=0o755)
    assert doctor._display().ok


def test_a_port_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        config = Config(server=ServerConfig(port=port))

        check = doctor._port(config, PATH)
        assert not check.ok
        assert f"port {port} of 127.0.0.1: Address already in use" in check.detail

    assert doctor._port(config, PATH).ok


@pytest.mark.parametrize(("year", "ok"), [(1970, False), (2025, False), (2027, True)])
def test_a_clock_that_was_never_set_is_told(year: int, *, ok: bool) -> None:
    assert doctor._clock(datetime(year, 5, 1, tzinfo=UTC)).ok is ok


def test_logos_that_cannot_be_used_are_told_before_the_screen_starts(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()
    shutil.copy(ROOT / "configs" / "logos" / "Stride.png", good)
    (bad / "Brand.png").write_bytes(b"no picture")
    assert (doctor._logos(good).ok, doctor._logos(good).detail) == (True, "1 brands: Stride")
    told = doctor._logos(bad)
    assert not told.ok
    assert "Brand.png" in told.detail
    assert told.remedy
