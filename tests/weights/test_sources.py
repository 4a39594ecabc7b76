"""Where weights are looked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from zsclip.weights.having import fetch_weights, find_weights
from zsclip.weights.identity import Seal, sealing
from zsclip.weights.models import get_model_spec


def test_weights_kept_after_a_load_are_found_by_what_they_were_made_of(tmp_path: Path) -> None:
    spec = get_model_spec("RN50")
    kept = tmp_path / "RN50.safetensors"
    array = {"x": np.zeros(2, np.float32)}
    save_file(array, kept, metadata={"source_sha256": "0" * 64})
    assert find_weights(spec, download_root=tmp_path) is None
    kept.write_bytes(b"damaged")
    assert find_weights(spec, download_root=tmp_path) is None
    seals = {"x": Seal("0" * 64, "0" * 64)}
    save_file(array, kept, metadata={"source_sha256": spec.sha256})
    assert find_weights(spec, download_root=tmp_path) is None  # it says nothing of its tensors
    save_file({**array, "y": array["x"]}, kept, metadata=sealing(spec.sha256, seals))
    assert find_weights(spec, download_root=tmp_path) is None  # or not of all
    save_file(array, kept, metadata=sealing(spec.sha256, seals))
    assert find_weights(spec, download_root=tmp_path) == kept
    assert fetch_weights(spec, download_root=tmp_path) == kept
