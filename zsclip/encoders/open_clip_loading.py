"""From a name or a folder to a model that open_clip makes: its weights, pixels and tokenizer.

A folder comes from anywhere. Its configuration chooses what is made, so it is looked through before
open_clip sees it: nothing that it names is fetched or run, and nothing in it is without bounds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from zsclip.downloads import cache_dir, is_offline
from zsclip.downloads.hub import fetch_repository, verified_of
from zsclip.downloads.listing import hub_is_offline
from zsclip.encoders.open_clip_folders import (
    CONFIG,
    TOKENIZER,
    TOKENIZER_FILES,
    require_known_config,
    require_known_tokenizer,
)
from zsclip.encoders.open_clip_library import import_open_clip, raise_unknown, root_untouched
from zsclip.encoders.open_clip_pixels import Pixels
from zsclip.encoders.open_clip_text_models import text_model_folder, text_tower
from zsclip.encoders.open_clip_texts import Tokens
from zsclip.errors import (
    CheckpointError,
    DownloadError,
    ModelNotFoundError,
    OfflineError,
    ParameterError,
    ParameterTypeError,
    ZsclipError,
)
from zsclip.files import as_path
from zsclip.formats.folders import CONFIGS, list_names, wanted_files
from zsclip.logs import logger_for
from zsclip.wording import brief, fit_to_tell, shown

__all__ = ["Found", "find"]

HUB = "hf-hub:"

log = logger_for("zsclip")


@dataclass(frozen=True)
class Found:
    """A model that is on this machine, ready to be made as often as it is needed.

    Attributes:
        name: What it is asked for by.
        source: Where its weights came from, in words.
        path: Its folder, absolute, where it is found again by it; None where its name is enough.
        verified: What its files were checked against.
        where: What open_clip knows it by: an architecture, or ``local-dir:`` and a folder.
        weights: The file of its weights; None for a folder, in which open_clip finds it.
        preprocess: What of its preprocessing an architecture does not say.
        quick_gelu: Whether it was trained with QuickGELU, where an architecture does not say.
        tokenizer: The folder or the repository of its tokenizer; None for open_clip's choice.
        text_model: The folder with the configuration of its text tower, if that is transformers'.
        may_ask: Whether the hub may be asked for that.
    """

    name: str
    source: str
    where: str
    path: str | None = None
    verified: Any = "none"
    weights: str | None = None
    preprocess: dict[str, Any] = field(default_factory=dict)
    quick_gelu: bool = False
    tokenizer: str | None = None
    text_model: str | None = None
    may_ask: bool = False

    def make(self) -> tuple[nn.Module, Pixels, Tokens]:
        """The model in fp32 on the CPU, in evaluation mode, with its preprocessing and tokenizer.

        Raises:
            CheckpointError: The weights do not fit, are damaged, or something is missing.
        """
        open_clip = import_open_clip()
        try:
            with root_untouched():
                model = open_clip.create_model(
                    self.where,
                    pretrained=self.weights,
                    precision="fp32",
                    device="cpu",
                    force_quick_gelu=self.quick_gelu,
                    force_preprocess_cfg=self.preprocess,
                    require_pretrained=True,
                    pretrained_text=False,
                    weights_only=True,
                    **text_tower(open_clip, self.where, self.text_model),
                )
                transform = open_clip.transform.image_transform_v2(
                    open_clip.transform.PreprocessCfg(**model.visual.preprocess_cfg),
                    is_train=False,
                )
                tokenizer = self._make_tokenizer(open_clip)
            # open_clip leaves it in training mode, in which dropout and batch norm spoil it
            model.eval().requires_grad_(False)
            return model, Pixels(transform), Tokens(tokenizer)
        except ZsclipError as e:
            raise CheckpointError(f"The model {brief(self.name)} cannot be loaded. {e}") from e
        except Exception as e:  # noqa: BLE001 - of a stranger's files, it may be anything
            raise CheckpointError(
                f"open_clip cannot make {brief(self.name)} of {brief(self.source)}: "
                f"{type(e).__name__}: {shown(str(e), 600)}"
            ) from fit_to_tell(e)

    def _make_tokenizer(self, open_clip: Any) -> Any:
        config = open_clip.get_model_config(self.where)["text_cfg"]
        if not config.get("hf_tokenizer_name"):
            return open_clip.get_tokenizer(self.where)
        return open_clip.tokenizer.HFTokenizer(
            self.tokenizer or config["hf_tokenizer_name"],
            context_length=config.get("context_length", open_clip.tokenizer.DEFAULT_CONTEXT_LENGTH),
            tokenizer_mode=config.get("tokenizer_mode"),
            **config.get("tokenizer_kwargs", {}),
            trust_remote_code=False,
            local_files_only=not self.may_ask,
        )


def find(
    model: str | os.PathLike[str] | None,
    *,
    download_root: str | os.PathLike[str] | None,
    progress: bool,
    offline: bool,
) -> Found:
    """The model of a name, or in a folder; its weights are downloaded if need be.

    Args:
        model: ``architecture/tag``, ``hf-hub:org/name``, or a folder with `CONFIG` in it.
        download_root: The folder of downloads.
        progress: Show a bar while downloading.
        offline: Download nothing.

    Raises:
        ModelNotFoundError: open_clip has no model of this name, and there is no such folder.
        CheckpointError: The folder is not one of open_clip's.
        DownloadError: The weights are not there and cannot be fetched.
        ParameterTypeError: `model` is no text and no path.
    """
    if not isinstance(model, str | os.PathLike):
        raise ParameterTypeError(
            "`model` must be a name such as 'ViT-B-16-SigLIP2-256/webli', or a folder, for the "
            f"encoder 'open-clip', got {brief(model)}."
        )
    offline = offline or is_offline() or hub_is_offline()
    fetching: dict[str, Any] = {
        "download_root": download_root,
        "progress": progress,
        "offline": offline,
    }
    if isinstance(model, str) and model.startswith(HUB):
        repository, _, revision = model.removeprefix(HUB).partition("@")
        folder = fetch_repository(repository, revision or None, choose=_choose(""), **fetching)
        return _in_folder(
            folder, model, f"{repository} on the hub", fetching, verified=verified_of(folder)
        )
    if os.path.isdir(model):  # noqa: PTH112 - of any text
        path = as_path(model, "model")
        return _in_folder(path, path.name, str(path), fetching, path=str(path.absolute()))
    if not isinstance(model, str) or os.path.isfile(model):  # noqa: PTH113
        raise ModelNotFoundError(
            f"`model` must be a folder with {CONFIG} and the weights beside it, or a name, for the "
            f"encoder 'open-clip', got {brief(os.fspath(model))}."
        )
    return _of_tag(model, fetching)


def _in_folder(
    folder: Path,
    name: str,
    source: str,
    fetching: dict[str, Any],
    *,
    path: str | None = None,
    verified: str = "none",
) -> Found:
    if not (folder / CONFIG).is_file():
        raise ModelNotFoundError(
            f"The folder {brief(str(folder))} has no {CONFIG}, which says what model open_clip is "
            "to make. Give a folder in open_clip's layout."
        )
    text = require_known_config(folder)
    if text.get("hf_tokenizer_name"):
        require_known_tokenizer(folder)
    return Found(
        name,
        source,
        f"local-dir:{folder}",
        path,
        verified=verified,
        tokenizer=str(folder),
        text_model=text_model_folder(text, fetching),
    )


def _of_tag(model: str, fetching: dict[str, Any]) -> Found:
    """A model by architecture and tag: from the hub, or from where open_clip has it."""
    open_clip = import_open_clip()
    arch, _, tag = model.rpartition("/")
    known = open_clip.pretrained.get_pretrained_cfg(arch, tag)
    config = open_clip.get_model_config(arch)
    if not known or config is None:
        raise_unknown(open_clip, model)
    repository, _, file = str(known.get("hf_hub", "")).rpartition("/")
    tokenizer = config["text_cfg"].get("hf_tokenizer_name")
    weights, folder, verified = None, None, "none"
    if repository:
        with _or_else(bool(known.get("url")) and not fetching["offline"]):
            folder = fetch_repository(repository, choose=_choose(file), **fetching)
            weights, verified = _weights_in(folder, file), verified_of(folder)
    if weights is None:
        weights = _by_open_clip(open_clip, model, known, fetching)
    if tokenizer and tokenizer != repository:
        folder = None
        with _or_else(True):
            folder = fetch_repository(tokenizer, choose=_choose_tokenizer, **fetching)
    if tokenizer and folder is not None and (folder / TOKENIZER).is_file():
        require_known_tokenizer(folder)
        tokenizer = str(folder)
    names = ("mean", "std", "interpolation", "resize_mode", "fill_color")
    return Found(
        model,
        f"{repository} on the hub" if verified != "none" else str(weights),
        arch,
        verified=verified,
        weights=str(weights),
        preprocess={name: known[name] for name in names if name in known},
        quick_gelu=bool(known.get("quick_gelu")),
        tokenizer=tokenizer,
        text_model=text_model_folder(config["text_cfg"], fetching),
        may_ask=not fetching["offline"],
    )


def _by_open_clip(
    open_clip: Any, model: str, known: dict[str, Any], fetching: dict[str, Any]
) -> Path:
    """The file of weights that lie at an address of their own, as open_clip fetches it."""
    folder = cache_dir(fetching["download_root"]) / "open_clip"
    url = str(known.get("url") or "")
    if fetching["offline"] or not url:
        there = folder / url.rpartition("/")[2]
        if url and there.is_file():
            return there
        raise OfflineError(
            f"The weights of {model} are not here, and downloads are forbidden (ZSCLIP_OFFLINE or "
            "HF_HUB_OFFLINE)."
        )
    try:
        with root_untouched():
            fetched = open_clip.pretrained.download_pretrained_from_url(url, cache_dir=str(folder))
    except Exception as e:
        raise DownloadError(
            f"open_clip cannot get the weights of {model} from {shown(url)}: {type(e).__name__}: "
            f"{shown(str(e))}. Get the file elsewhere, and put it into {folder}."
        ) from e
    return Path(fetched)


@contextmanager
def _or_else(another: bool) -> Iterator[None]:
    """Go on where the hub does not have it, if there is another way."""
    try:
        yield
    except (DownloadError, ParameterError) as error:
        if not another:
            raise
        log.info("%s", error)


def _weights_in(folder: Path, file: str) -> Path | None:
    """The file of the weights in a folder of the hub's, of which open_clip names one, or none."""
    names = _choose(file)(list_names(folder))
    weights = [name for name in names if name not in (CONFIG, *TOKENIZER_FILES)]
    return folder / weights[0] if weights else None


def _choose(file: str) -> Callable[[Iterable[str]], list[str]]:
    """Which files open_clip makes a model of: configuration, tokenizer, and one file of weights."""

    def choose(names: Iterable[str]) -> list[str]:
        here = list(names)
        weights = [name for name in wanted_files(here) if name not in CONFIGS][:1]
        if file:
            weights = [name for name in (f"{Path(file).stem}.safetensors", file) if name in here]
        beside = [name for name in (CONFIG, *TOKENIZER_FILES) if name in here]
        return [*beside, *weights[:1]] if weights else []

    return choose


def _choose_tokenizer(names: Iterable[str]) -> list[str]:
    return [name for name in TOKENIZER_FILES if name in {*names}]
