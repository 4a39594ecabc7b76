"""Where Ray is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import sys
sys.modules["ray"] = sys.modules["pyarrow"] = None
import zsclip.ray
from zsclip.errors import MissingExtraError
for function in (zsclip.ray.classify, zsclip.ray.embed):
    try:
        function(object(), "none.zsclip")
    except MissingExtraError as error:
        print(error)
assert "torch" not in sys.modules
"""


def test_the_extra_is_named_when_a_dataset_is_asked_for() -> None:
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    told = 'A cluster needs Ray Data, and ray is not installed: pip install "zsclip[ray]".\n'
    assert (run.stdout, run.stderr) == (told * 2, "")


def test_what_there_is_not_is_no_name_of_the_room() -> None:
    import zsclip.ray

    with pytest.raises(AttributeError):
        _ = zsclip.ray.conquer  # type: ignore[attr-defined]
