"""The product that rates are measured by: a real one, and of the size that it says."""

from __future__ import annotations

import pytest
import torch

from zsclip.clip import sample_product


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("width", "outputs", "rows"),
    [(64, 64, 4882), (256, 256, 305), (768, 256, 101), (1664, 256, 46), (10_000, 256, 16)],
)
def test_a_transformers_product(dtype: torch.dtype, width: int, outputs: int, rows: int) -> None:
    sample = sample_product(width, dtype)
    found = sample.run()
    assert (found.dtype, tuple(found.shape)) == (dtype, (rows, outputs))
    assert sample.operations == 2 * rows * outputs * width
    assert found.float() == pytest.approx(width, rel=0.01)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("width", "planes", "rows"), [(32, 128, 9), (64, 256, 2), (96, 256, 2), (10_000, 256, 2)]
)
def test_a_resnets_product(dtype: torch.dtype, width: int, planes: int, rows: int) -> None:
    sample = sample_product(width, dtype, convolution=True)
    found = sample.run()
    assert (found.dtype, tuple(found.shape)) == (dtype, (1, planes, rows, 14))
    assert sample.operations == 2 * rows * 14 * 9 * planes**2


@pytest.mark.parametrize("convolution", [False, True])
def test_no_random_numbers_of_the_user_are_taken(*, convolution: bool) -> None:
    before = torch.get_rng_state()
    sample_product(64, torch.float32, convolution=convolution).run()
    assert torch.equal(torch.get_rng_state(), before)
