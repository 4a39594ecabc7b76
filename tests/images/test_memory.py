"""What is counted before a picture is decoded is no less than what decoding it takes."""

from __future__ import annotations

import sys

import pytest
from peaks import CASES, measured

SLACK = 1.0  # bytes a pixel: a process takes some in larger pieces


@pytest.fixture(scope="module")
def peaks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[float, float]]:
    return measured(CASES, tmp_path_factory.mktemp("peaks"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere peaks cannot be measured apart")
@pytest.mark.parametrize("case", CASES)
def test_no_picture_takes_more_memory_than_was_counted(
    case: str, peaks: dict[str, tuple[float, float]]
) -> None:
    if case not in peaks:
        pytest.skip("nothing here writes such pictures")
    peak, counted = peaks[case]
    assert peak <= counted + SLACK
