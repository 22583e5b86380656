"""CSV cells that no spreadsheet runs, and numbers that none misreads."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signage.journal.exports.table_text import cell, decimal


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_text_that_begins_as_a_formula_has_an_apostrophe_before_it(sign: str) -> None:
    assert cell(f"{sign}1+1") == f"'{sign}1+1"
    assert cell(f"Tea{sign}1") == f"Tea{sign}1" or sign in "\t\r\n"


@pytest.mark.parametrize("end", [";", "\t", "|", "\n"])
def test_nor_does_a_formula_begin_where_another_country_ends_a_cell(end: str) -> None:
    written = io.StringIO()
    csv.writer(written).writerow(["screen-1", cell(f"Tea{end}=1+1"), 2])
    (row,) = csv.reader(io.StringIO(written.getvalue()), delimiter=end if end != "\n" else ",")
    assert not any(text.strip('"').startswith("=") for text in row)


def test_words_and_numbers_stay_as_they_are() -> None:
    for text in ("Coffee & cake", "3 for 2; 5 left", "screen-1", "Größe", "a=b", ""):
        assert cell(text) == text
    assert [cell(value) for value in (3, -2, None)] == [3, -2, None]


@given(st.floats(-1e6, 1e6, allow_nan=False))
def test_a_number_has_all_its_digits_and_never_three_decimals(value: float) -> None:
    text = decimal(value)
    whole, _, decimals = text.partition(".")
    assert float(text) == value
    assert len(decimals) >= 6
    assert "e" not in text.lower()
    assert whole != "-0" or float(text) < 0


def test_nothing_costs_minus_zero() -> None:
    assert decimal(-0.0) == "0.000000"
    assert (decimal(5.1), decimal(1e-7), decimal(0.125)) == ("5.100000", "0.0000001", "0.125000")


def test_times_are_in_utc_without_their_offset() -> None:
    there = datetime(2026, 3, 4, 13, 0, 0, 250_000, timezone(timedelta(hours=1)))
    assert cell(there) == "2026-03-04 12:00:00.250"
    assert cell(datetime(2026, 3, 4, tzinfo=UTC)) == "2026-03-04 00:00:00.000"
