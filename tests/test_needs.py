"""Imports of what an extra brings."""

from __future__ import annotations

import sys

import pytest

from zsclip.errors import MissingExtraError, ZsclipError
from zsclip.needs import needed


@pytest.mark.parametrize("module", ["sklearn", "scipy"])
def test_a_library_that_an_extra_brings_is_named_with_the_extra(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for loaded in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    with (
        pytest.raises(ImportError, match=r"^A map needs .*pip install \"zsclip\[fit\]\"\.$") as got,
        needed("A map"),
    ):
        __import__(module)
    assert isinstance(got.value, MissingExtraError)
    assert isinstance(got.value, ZsclipError)
    assert module in str(got.value)


def test_the_lack_of_another_library_is_told_as_it_is() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module") as got, needed("A map"):
        __import__("no_such_module")
    assert not isinstance(got.value, ZsclipError)


def test_what_is_there_is_imported() -> None:
    with needed("A map"):
        import scipy.optimize
    assert scipy.optimize
