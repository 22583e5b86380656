"""Logos of nobody, drawn here, printed on made cloth and on the clothes of real people."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.behaviour.logos import size_rows
from benchmarks.behaviour.made_logos import cloth, drawn_logos, worn, write_logos
from signage.errors import ConfigError
from signage.perception.logos.detector import LogoFinder, torso_of
from signage.types.arrays import Image
from signage.types.vision import Logo
from tests.support.builders import FOOTAGE

BRANDS = ("Norvane", "Emblem 0", "Kelpo", "Emblem 1", "Ruddle", "Emblem 2")
DRAWN = drawn_logos()
LOGOS = {brand: DRAWN[brand] for brand in BRANDS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_logos(LOGOS, tmp_path_factory.mktemp("logos"))


@pytest.fixture(scope="module")
def finder(folder: Path) -> LogoFinder:
    return LogoFinder(folder)


def names(found: list[Logo]) -> list[str]:
    return [logo.brand for logo in found]


def shirt(value: int = 120, side: int = 240) -> Image:
    return np.full((side, side, 3), value, dtype=np.uint8)


def printed(logo: Image, ink: tuple[int, int, int], size_px: int, on: Image) -> Image:
    """Flat and upright in the middle of ``on``."""
    scale = size_px / max(logo.shape[:2])
    small = cv2.resize(logo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    share = 1 - small.astype(np.float32) / 255
    top, left = ((np.array(on.shape[:2]) - share.shape[:2]) // 2).tolist()
    area = np.s_[top : top + share.shape[0], left : left + share.shape[1]]
    seen = on.astype(np.float32)
    seen[area] = seen[area] * (1 - share) + np.array(ink) * share
    return np.round(seen).astype(np.uint8)


@pytest.mark.parametrize("brand", BRANDS)
def test_every_logo_is_found_by_its_picture_alone(finder: LogoFinder, brand: str) -> None:
    (found,) = finder.find(printed(LOGOS[brand], (20, 20, 20), 120, shirt()))
    assert found.brand == brand
    assert 0.9 < found.score <= 1


@pytest.mark.parametrize("brand", BRANDS)
@pytest.mark.parametrize("ink", [(240, 240, 240), (40, 30, 200), (90, 160, 60)])
def test_its_colours_do_not_matter(
    finder: LogoFinder, brand: str, ink: tuple[int, int, int]
) -> None:
    assert names(finder.find(printed(LOGOS[brand], ink, 110, shirt(60)))) == [brand]


@pytest.mark.parametrize("turn_deg", [-45, -20, 20, 45])
def test_it_is_found_on_somebody_who_leans(finder: LogoFinder, turn_deg: float) -> None:
    rng = np.random.default_rng(1)
    for brand in BRANDS:
        assert names(finder.find(worn(rng, LOGOS[brand], 100, turn_deg=turn_deg))) == [brand]


def test_it_is_found_as_worn_and_hardly_ever_another(finder: LogoFinder) -> None:
    """Folds, perspective, shade, blur, noise and JPEG, at 60 px and more."""
    rng = np.random.default_rng(2)
    right, wrong, of = 0, 0, 24
    for index in range(of):
        brand = BRANDS[index % len(BRANDS)]
        told = names(finder.find(worn(rng, LOGOS[brand], float(rng.uniform(60, 140)))))
        right += brand in told
        wrong += len([other for other in told if other != brand])
    assert wrong == 0
    assert right >= 0.8 * of


def test_small_ones_are_found_flat(finder: LogoFinder) -> None:
    for brand in ("Emblem 0", "Emblem 1", "Emblem 2"):
        on = printed(LOGOS[brand], (230, 230, 230), 36, shirt(50, 160))
        assert names(finder.find(on)) == [brand]


def test_a_logo_out_of_proportion_is_found(finder: LogoFinder) -> None:
    on = printed(LOGOS["Kelpo"], (20, 20, 20), 120, shirt())
    tall = cv2.resize(on, (160, 320), interpolation=cv2.INTER_AREA)
    assert names(finder.find(np.asarray(tall, dtype=np.uint8))) == ["Kelpo"]


def test_its_mirror_image_is_another_logo(finder: LogoFinder) -> None:
    for brand in BRANDS:
        on = printed(LOGOS[brand], (20, 20, 20), 120, shirt())
        assert finder.find(np.ascontiguousarray(on[:, ::-1])) == []


def test_two_logos_on_one_garment(finder: LogoFinder) -> None:
    above = printed(LOGOS["Norvane"], (20, 20, 20), 150, shirt())
    below = printed(LOGOS["Emblem 1"], (230, 230, 230), 110, shirt())
    both = np.vstack([above[40:-40], below[40:-40]])
    assert sorted(names(finder.find(both))) == ["Emblem 1", "Norvane"]


def test_nothing_is_found_on_plain_cloth(finder: LogoFinder) -> None:
    rng = np.random.default_rng(3)
    assert [finder.find(cloth(rng, side)) for side in (60, 120, 240, 400)] == [[]] * 4
    assert finder.find(shirt()) == []


def test_nothing_is_found_on_patterns(finder: LogoFinder) -> None:
    y, x = np.mgrid[:240, :240]
    stripes, checks = (x // 12) % 2 * 200, ((x // 15) + (y // 15)) % 2 * 200
    dots = ((x % 24 - 12) ** 2 + (y % 24 - 12) ** 2 < 40) * 200
    for pattern in (stripes, checks, dots, (x + y) // 20 % 2 * 200):
        picture = np.repeat(pattern[..., None], 3, axis=2).astype(np.uint8)
        assert finder.find(picture) == []


def test_nothing_is_found_on_other_writing_and_other_logos(finder: LogoFinder) -> None:
    rng = np.random.default_rng(4)
    for brand in [brand for brand in DRAWN if brand not in BRANDS][::3]:
        assert finder.find(worn(rng, DRAWN[brand], 100)) == [], brand


@pytest.fixture(scope="module")
def group() -> Image:
    """Five people in plain clothes: shape (667, 1000, 3)."""
    return np.asarray(cv2.imread(str(FOOTAGE / "multi_face.jpg")), dtype=np.uint8)


FACES = [(212, 68, 312, 172), (312, 232, 414, 362), (434, 222, 520, 318), (684, 286, 795, 425)]


@pytest.mark.parametrize("face", FACES)
def test_nothing_is_found_on_real_plain_clothes(
    finder: LogoFinder, group: Image, face: tuple[float, float, float, float]
) -> None:
    box = torso_of(face, group.shape)
    assert box is not None
    left, top, right, bottom = box
    assert finder.find(group[top:bottom, left:right]) == []


def test_it_is_found_on_real_clothes(finder: LogoFinder, group: Image) -> None:
    """The black top of the woman in the middle."""
    top = group[500:667, 400:600]
    for brand in ("Emblem 0", "Emblem 1", "Norvane"):
        assert names(finder.find(printed(LOGOS[brand], (220, 220, 220), 80, top))) == [brand]


def test_the_same_picture_gives_the_same_answer_twice(folder: Path, finder: LogoFinder) -> None:
    picture = worn(np.random.default_rng(6), LOGOS["Emblem 0"], 90)
    first = finder.find(picture)
    assert first
    assert finder.find(picture) == first
    assert LogoFinder(folder).find(picture) == first


@pytest.mark.parametrize("shape", [(0, 0, 3), (1, 50, 3), (5, 5, 3), (23, 200, 3)])
def test_too_small_a_picture_tells_nothing(finder: LogoFinder, shape: tuple[int, ...]) -> None:
    assert finder.find(np.zeros(shape, dtype=np.uint8)) == []


# Folders


def test_a_brand_is_a_file_or_a_folder(tmp_path: Path) -> None:
    write_logos({"Norvane": LOGOS["Norvane"]}, tmp_path)
    brand = tmp_path / "Twin"
    brand.mkdir()
    write_logos({"one": LOGOS["Emblem 0"], "two": LOGOS["Kelpo"]}, brand)
    (tmp_path / "README.txt").write_text("whose logos these are", encoding="utf-8")
    (tmp_path / ".hidden").write_text("of the desktop", encoding="utf-8")
    finder = LogoFinder(tmp_path)
    assert finder.brands == ("Norvane", "Twin")
    for logo in ("Emblem 0", "Kelpo"):
        assert names(finder.find(printed(LOGOS[logo], (20, 20, 20), 120, shirt()))) == ["Twin"]


def test_an_empty_folder_finds_nothing(tmp_path: Path) -> None:
    finder = LogoFinder(tmp_path, budget_ms=5)
    assert finder.brands == ()
    assert finder.find(shirt()) == []


@pytest.mark.parametrize("ink", [0, 255])
def test_a_transparent_background_is_no_part_of_the_logo(tmp_path: Path, ink: int) -> None:
    opacity = 255 - LOGOS["Emblem 0"][:, :, 0]
    colour = np.full((*opacity.shape, 3), ink, dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "Clear.png"), np.dstack([colour, opacity]))
    on = printed(LOGOS["Emblem 0"], (20, 20, 20), 120, shirt())
    assert names(LogoFinder(tmp_path).find(on)) == ["Clear"]


def test_a_large_picture_of_fine_lines_is_a_logo(tmp_path: Path) -> None:
    paper = shirt(255, 3000)
    for radius in (300, 700, 1100):
        cv2.ellipse(paper, (1500, 1500), (radius, 1300 - radius), 20, 0, 300, (0, 0, 0), 6)
    cv2.line(paper, (300, 2700), (2600, 500), (0, 0, 0), 6)
    cv2.imwrite(str(tmp_path / "Fine.png"), paper)
    finder = LogoFinder(tmp_path)
    bold = np.asarray(cv2.erode(paper, np.ones((40, 40), np.uint8)), dtype=np.uint8)
    assert finder.find(shirt()) == []
    assert names(finder.find(printed(bold, (20, 20, 20), 220, shirt()))) == ["Fine"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere: there is no such folder"):
        LogoFinder(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["Broken.png", "Broken.svg"])
@pytest.mark.parametrize("data", [b"", b"<svg></svg>"])
def test_a_picture_that_cannot_be_read(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigError, match=f"{name}: this file cannot be read as a picture"):
        LogoFinder(tmp_path)


def test_a_brand_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "Bare").mkdir()
    with pytest.raises(ConfigError, match="Bare: this folder has no picture of the brand Bare"):
        LogoFinder(tmp_path)


def test_a_picture_that_shows_nothing(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "Blank.png"), shirt(255))
    with pytest.raises(ConfigError, match=r"Blank\.png: this picture shows no logo"):
        LogoFinder(tmp_path)


@pytest.mark.parametrize("kind", ["disc", "bar", "triangle", "slanted"])
def test_a_logo_that_is_too_plain(tmp_path: Path, kind: str) -> None:
    paper = shirt(255, 300)
    corners = {
        "bar": [(60, 100), (240, 100), (240, 160), (60, 160)],
        "triangle": [(60, 240), (240, 240), (120, 60)],
        "slanted": [(90, 60), (260, 60), (210, 240), (40, 240)],
    }
    if kind == "disc":
        cv2.circle(paper, (150, 150), 90, (0, 0, 0), -1)
    else:
        cv2.fillPoly(paper, [np.array(corners[kind])], (0, 0, 0))
    cv2.imwrite(str(tmp_path / "Plain.png"), paper)
    with pytest.raises(ConfigError, match=r"Plain\.png: this logo is too plain"):
        LogoFinder(tmp_path)


# The budget


def test_a_budget_that_is_used_up_goes_round_the_brands(folder: Path) -> None:
    finder = LogoFinder(folder, budget_ms=0)
    picture = printed(LOGOS["Emblem 1"], (20, 20, 20), 120, shirt())
    looks = [names(finder.find(picture)) for _ in range(2 * len(finder.brands))]
    turn = finder.brands.index("Emblem 1")
    expected = [["Emblem 1"] if i % len(BRANDS) == turn else [] for i in range(2 * len(BRANDS))]
    assert looks == expected


def test_with_time_enough_everything_is_looked_for(folder: Path) -> None:
    finder = LogoFinder(folder, budget_ms=1e6)
    for brand in BRANDS:
        assert names(finder.find(printed(LOGOS[brand], (20, 20, 20), 120, shirt()))) == [brand]


def test_the_library_is_read_once(tmp_path: Path, folder: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    finder = LogoFinder(copy)
    shutil.rmtree(copy)
    on = printed(LOGOS["Norvane"], (20, 20, 20), 120, shirt())
    assert names(finder.find(on)) == ["Norvane"]


# Where the clothes are


def test_the_torso_is_below_the_chin() -> None:
    left, top, right, bottom = torso_of((300, 100, 340, 150), (720, 1280, 3)) or (0, 0, 0, 0)
    assert (left, right) == (260, 380)
    assert 150 <= top <= 155
    assert bottom - top == 200


def test_the_torso_ends_with_the_picture() -> None:
    assert torso_of((0, 100, 100, 220), (400, 640)) == (0, 226, 200, 400)


def test_a_torso_hardly_in_view_is_none() -> None:
    assert torso_of((300, 600, 400, 705), (720, 1280)) is None
    assert torso_of((300, 100, 305, 106), (720, 1280)) is None


def test_the_bench_measures_how_small_a_logo_may_be() -> None:
    rows = list(size_rows(brands=2, scenes=1))
    assert len(rows) == 6
    assert all(here.endswith(" 0 wrong brands") for _, here, _ in rows)
    assert rows[-1][1].startswith("100%")
