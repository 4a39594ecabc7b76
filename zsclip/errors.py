"""Every exception and warning that zsclip raises on purpose.

Each message names what was wrong, where, and what to do about it. Each class also inherits the
built-in exception that code written without zsclip in mind would catch: ``except ValueError``
around a bad picture works.
"""

from __future__ import annotations

from collections.abc import Iterable

from zsclip.wording import brief, shown, told

__all__ = [
    "ActivationWarning",
    "CacheWarning",
    "CalibrationWarning",
    "CheckpointError",
    "ChecksumError",
    "ClusterError",
    "DamagedImageWarning",
    "DamagedVideoWarning",
    "DeviceError",
    "DownloadError",
    "EncoderError",
    "EncoderNotFoundError",
    "ExportError",
    "ForeignModelError",
    "ImageError",
    "ImageWarning",
    "LabelError",
    "LabelNotFoundError",
    "LabelSetConflictError",
    "LabelSetError",
    "LabelSetFormatError",
    "LabelSetNotFoundError",
    "LabelSetUnreadableError",
    "LabelSetVersionError",
    "LearntMismatchError",
    "LevelsWarning",
    "MissingExtraError",
    "ModelError",
    "ModelNotFoundError",
    "NoTextTowerError",
    "NonFiniteError",
    "NotLearntError",
    "OfflineError",
    "ParameterError",
    "ParameterTypeError",
    "PrecisionWarning",
    "PromptTooLongError",
    "ResumeError",
    "SavedClassifierError",
    "SavedClassifierFileError",
    "SavedClassifierModelError",
    "SortingError",
    "TruthTableError",
    "UndoFileError",
    "VideoError",
    "WouldReplaceError",
    "ZsclipError",
    "ZsclipWarning",
]


class ZsclipError(Exception):
    """Base of every error that zsclip raises on purpose.

    Whatever a message is made of, it has 3,000 characters at most, all of them printable, and no
    password in a URL.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*map(_told, args))


class ZsclipWarning(UserWarning):
    """Base of every warning that zsclip issues on purpose; its message is as that of an error."""

    def __init__(self, *args: object) -> None:
        super().__init__(*map(_told, args))


class ParameterError(ZsclipError, ValueError):
    """A parameter has a value that it cannot have."""


class ParameterTypeError(ZsclipError, TypeError):
    """A parameter has a type that it cannot have, such as a bare string for a list of labels."""


class MissingExtraError(ZsclipError, ImportError):
    """A library is needed that only an extra of zsclip brings; the message says which."""


class WouldReplaceError(ZsclipError, FileExistsError):
    """Where a file is to be written there is one that zsclip did not write, or no file at all."""


class ResumeError(ZsclipError, FileExistsError):
    """A run that writes results was interrupted, and cannot be gone on with as was asked for.

    Nobody said to go on with it, it was of something else, or another process is at it.
    """


# ---------------------------------------------------------------------------- labels and prompts


class LabelError(ZsclipError, ValueError):
    """Labels or templates given in code cannot be classified over: duplicates, empty, only one."""


class LabelNotFoundError(ZsclipError, KeyError, IndexError):
    """A label set has no label of the id, or at the position, asked for."""

    # A KeyError shows its message as a repr, quotes and escapes included.
    __str__ = Exception.__str__


class LabelSetError(ZsclipError):
    """Base of the errors about label sets."""


class LabelSetNotFoundError(LabelSetError, LookupError):
    """No installed label set has the name asked for; the message suggests the nearest ones."""


class LabelSetConflictError(LabelSetError):
    """Several distributions offer a label set of one name, and zsclip never picks between them."""


class LabelSetFormatError(LabelSetError, ValueError):
    """A label-set file breaks the rules of the contract.

    Attributes:
        problems: Every breach found, in the order of the rules, one string each.
    """

    def __init__(self, message: str, problems: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.problems: tuple[str, ...] = tuple(map(told, problems))

    def __reduce__(self) -> tuple[type[LabelSetFormatError], tuple[str, tuple[str, ...]]]:
        return type(self), (str(self), self.problems)


class LabelSetVersionError(LabelSetError):
    """A label-set file follows a newer schema than this version of zsclip knows."""


class LabelSetUnreadableError(LabelSetError, OSError):
    """A label set is declared, but its file cannot be found or read where it should be."""


class PromptTooLongError(ZsclipError, ValueError):
    """A prompt has more tokens than the model's context holds.

    Attributes:
        prompt: The prompt.
        n_tokens: Its number of tokens, start and end tokens included.
        context_length: How many tokens the model takes.
        cut: The part of the prompt that truncation would drop.
    """

    def __init__(self, prompt: str, n_tokens: int, context_length: int, cut: str) -> None:
        super().__init__(
            f"The prompt {brief(prompt)} has {n_tokens} tokens, and the model takes "
            f"{context_length}; {brief(cut)} would be cut. Shorten the prompt, or have "
            'it cut there with too_long="cut" (on the command line, --too-long cut).'
        )
        self.prompt = prompt
        self.n_tokens = n_tokens
        self.context_length = context_length
        self.cut = cut

    def __reduce__(self) -> tuple[type[PromptTooLongError], tuple[str, int, int, str]]:
        return type(self), (self.prompt, self.n_tokens, self.context_length, self.cut)


# --------------------------------------------------------------------------------------- pictures


class ImageError(ZsclipError, ValueError):
    """A picture cannot be read.

    Attributes:
        source: What was asked for: a path exactly as it was given, a URL less what is secret in it,
            ``<bytes, 12 kB>``, or the name that the picture was given. In the message it is
            printable, and without its middle if it is long.
        reason: Why it cannot be read, and what to do.
    """

    _what = "picture"

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"Cannot read the {self._what} {shown(source) or repr(source)}: {reason}")
        self.source = source
        self.reason = told(reason)

    def __reduce__(self) -> tuple[type[ImageError], tuple[str, str]]:
        return type(self), (self.source, self.reason)


class VideoError(ImageError):
    """A video cannot be read; with the attributes of `ImageError`, as which it is caught, too."""

    _what = "video"


class ImageWarning(ZsclipWarning):
    """A picture is read, and its decoder has something to say of it; the message names both."""


class DamagedImageWarning(ImageWarning):
    """A damaged picture is read, and part of its pixels may be wrong."""


class DamagedVideoWarning(ZsclipWarning):
    """A damaged video is read, and some of its frames are missing; the message names it."""


class LevelsWarning(ImageWarning):
    """A picture of more than eight bits uses so little of its range that hardly any is left."""


# ---------------------------------------------------------------------------------------- sorting


class SortingError(ZsclipError, OSError):
    """Pictures cannot be put into folders; the message says how far it came, and what to do."""


class UndoFileError(ZsclipError, ValueError):
    """A file is no undo file of ``zsclip sort``, or asks for what none of these does."""


# ----------------------------------------------------------------------------- models and engines


class ModelError(ZsclipError):
    """Base of the errors about models and their weights."""


class ModelNotFoundError(ModelError, LookupError):
    """No model or checkpoint file has the name asked for; the message suggests the nearest ones."""


class CheckpointError(ModelError, ValueError):
    """A file is not a CLIP checkpoint that zsclip can load, or not the one that was opened."""


class ForeignModelError(CheckpointError):
    """A model is not a plain CLIP, such as a SigLIP or a CoCa; another engine may run it."""


class NoTextTowerError(ModelError, NotImplementedError):
    """An exported classifier was asked to embed a text; its tower for texts was left behind."""


class DownloadError(ModelError, OSError):
    """Weights could not be downloaded.

    The message names the URL, the file expected, its SHA-256, and where to put a copy.

    Attributes:
        fault: What was wrong with the source that was asked, in a few words; empty where the fault
            does not lie with it, but with the disk or with settings here.
        missing: Whether the source answered that it has no such file, or gives it to nobody here
            (404, 403 or 410): to ask once more would not help.
    """

    fault: str = ""
    missing: bool = False


class OfflineError(DownloadError):
    """A download is needed, and ``ZSCLIP_OFFLINE`` forbids it."""


class ChecksumError(DownloadError):
    """A downloaded file does not have the SHA-256 that was published for it."""


class ClusterError(ZsclipError, RuntimeError):
    """A run on a cluster came to an end before all rows were done; what it wrote down stays."""


class DeviceError(ZsclipError, RuntimeError):
    """The device asked for does not exist here or cannot be used."""


class EncoderError(ZsclipError):
    """An encoder does not keep to the ``Encoder`` protocol."""


class EncoderNotFoundError(EncoderError, LookupError):
    """No installed encoder has the name asked for."""


class NonFiniteError(ZsclipError, ArithmeticError):
    """Weights, an embedding or a score are NaN or infinite; the message says which, and where."""


class LearntMismatchError(ZsclipError, ValueError):
    """What was learnt from pictures belongs to another model, other labels or another precision."""


class NotLearntError(ZsclipError, ValueError):
    """Something is asked for that a classifier has to learn from pictures first."""


class TruthTableError(ZsclipError, ValueError):
    """A table of pictures and what is true of them cannot be read; the message names the line."""


class CalibrationWarning(ZsclipWarning):
    """The pictures that a classifier was calibrated on cannot tell what they are asked for.

    There are too few for prediction sets of the coverage that is wanted, none is mistaken, or their
    truth has nothing to do with the scores.
    """


class ActivationWarning(ZsclipWarning):
    """Nothing tells which activation function a model was trained with, and one was assumed.

    With the wrong one embeddings look right and are wrong; ``activation=`` says which it is.
    """


class PrecisionWarning(ZsclipWarning):
    """Half precision gave NaN or infinity, and what it was for has been computed again in fp32."""


# ---------------------------------------------------------------------------------------- caches


class CacheWarning(ZsclipWarning):
    """The embedding cache is damaged or cannot be used; everything works without it, slower."""


# ------------------------------------------------------------------------------ saved classifiers


class SavedClassifierError(ZsclipError, ValueError):
    """A file holds no saved classifier, a damaged one, or one that this zsclip cannot use."""


class SavedClassifierFileError(SavedClassifierError, OSError):
    """The file of a saved classifier is not there, or cannot be read or written there."""


class ExportError(ZsclipError, ValueError):
    """A classifier cannot be written as an ONNX file, or not in the way asked for."""


class SavedClassifierModelError(SavedClassifierError, ModelError):
    """The model that a saved classifier was made with is not found, or another one was given."""


def _told(value: object) -> object:
    return told(value) if isinstance(value, str) else value
