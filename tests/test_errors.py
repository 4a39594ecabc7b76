"""Every exception: what an `except` of old would catch, pickling, copying, and that it is used."""

from __future__ import annotations

import copy
import pickle
import re
from pathlib import Path

import pytest

from zsclip import errors
from zsclip.errors import (
    CheckpointError,
    ImageError,
    LabelNotFoundError,
    LabelSetFormatError,
    PromptTooLongError,
    VideoError,
    ZsclipError,
    ZsclipWarning,
)

TESTS = Path(__file__).parent

# What each is caught as, beside `ZsclipError`.
BUILTINS: dict[str, tuple[type[BaseException], ...]] = {
    "ActivationWarning": (ZsclipWarning,),
    "CacheWarning": (UserWarning,),
    "CalibrationWarning": (ZsclipWarning, UserWarning),
    "CheckpointError": (ValueError,),
    "ChecksumError": (OSError,),
    "DamagedImageWarning": (ZsclipWarning,),
    "DamagedVideoWarning": (ZsclipWarning,),
    "ClusterError": (RuntimeError,),
    "DeviceError": (RuntimeError,),
    "DownloadError": (OSError,),
    "EncoderError": (),
    "EncoderNotFoundError": (LookupError,),
    "ExportError": (ValueError,),
    "ForeignModelError": (CheckpointError, ValueError),
    "ImageError": (ValueError,),
    "ImageWarning": (ZsclipWarning,),
    "LabelError": (ValueError,),
    "LabelNotFoundError": (KeyError, IndexError, LookupError),
    "LabelSetConflictError": (),
    "LabelSetError": (),
    "LabelSetFormatError": (ValueError,),
    "LabelSetNotFoundError": (LookupError,),
    "LabelSetUnreadableError": (OSError,),
    "LabelSetVersionError": (),
    "LearntMismatchError": (ValueError,),
    "LevelsWarning": (ZsclipWarning,),
    "MissingExtraError": (ImportError,),
    "ModelError": (),
    "ModelNotFoundError": (LookupError,),
    "NoTextTowerError": (NotImplementedError,),
    "NonFiniteError": (ArithmeticError,),
    "NotLearntError": (ValueError,),
    "OfflineError": (OSError,),
    "ParameterError": (ValueError,),
    "ParameterTypeError": (TypeError,),
    "PromptTooLongError": (ValueError,),
    "ResumeError": (FileExistsError, OSError),
    "SavedClassifierError": (ValueError,),
    "SavedClassifierFileError": (OSError, ValueError),
    "SavedClassifierModelError": (ValueError,),
    "SortingError": (OSError,),
    "TruthTableError": (ValueError,),
    "VideoError": (ImageError, ValueError),
    "UndoFileError": (ValueError,),
    "WouldReplaceError": (FileExistsError, OSError),
    "ZsclipError": (),
    "PrecisionWarning": (ZsclipWarning,),
    "ZsclipWarning": (UserWarning,),
}
BASES = {  # which nothing raises as such
    "LabelSetError",
    "ModelError",
    "ZsclipError",
}


def make(name: str) -> Exception:
    """An instance, made as zsclip makes it."""
    match name:
        case "ImageError":
            return ImageError("fox.png", "it is empty (0 bytes).")
        case "VideoError":
            return VideoError("fox.mp4", "it is empty (0 bytes).")
        case "PromptTooLongError":
            return PromptTooLongError("a fox", 80, 77, "fox")
        case "LabelSetFormatError":
            return LabelSetFormatError("Two things are wrong.", ["R1 here: this", "R2 there: that"])
    made: Exception = getattr(errors, name)("what was wrong, and what to do")
    return made


def test_the_list_is_whole() -> None:
    assert set(errors.__all__) == set(BUILTINS)
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, (ZsclipError, ZsclipWarning))
    }
    assert defined == set(BUILTINS)


@pytest.mark.parametrize("name", sorted(BUILTINS))
def test_an_except_of_old_catches_it(name: str) -> None:
    error = make(name)
    assert isinstance(error, ZsclipWarning if name.endswith("Warning") else ZsclipError)
    for builtin in BUILTINS[name]:
        assert isinstance(error, builtin)
    assert type(error).__doc__


@pytest.mark.parametrize("name", sorted(BUILTINS))
@pytest.mark.parametrize("how", ["pickle", "copy", "deepcopy"])
def test_it_can_be_sent_and_copied(name: str, how: str) -> None:
    error = make(name)
    again = {
        "pickle": lambda e: pickle.loads(pickle.dumps(e)),
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
    }[how](error)
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.args == error.args
    for attribute in ("source", "reason", "problems", "prompt", "n_tokens", "cut"):
        assert getattr(again, attribute, None) == getattr(error, attribute, None)


@pytest.mark.parametrize("name", sorted(BUILTINS.keys() - BASES - {"ZsclipWarning"}))
def test_some_test_raises_it(name: str) -> None:
    """Somewhere, `pytest.raises` or a helper that ends in it names the class."""
    others = [path for path in TESTS.rglob("test_*.py") if path.name != Path(__file__).name]
    users = [
        path.relative_to(TESTS)
        for path in others
        if re.search(rf"\b{name}\b", path.read_text(encoding="utf-8").partition("\ndef ")[2])
    ]
    assert users


def test_messages_say_what_is_missing() -> None:
    assert str(make("ImageError")) == "Cannot read the picture fox.png: it is empty (0 bytes)."
    message = str(make("PromptTooLongError"))
    assert "'a fox' has 80 tokens, and the model takes 77; 'fox' would be cut" in message
    assert 'too_long="cut"' in message
    assert "--too-long cut" in message
    long = str(PromptTooLongError("a " * 500, 502, 77, "a " * 425))
    assert len(long) < 650
    assert str(LabelNotFoundError("no 'fox'")) == "no 'fox'"  # a KeyError would show its repr
