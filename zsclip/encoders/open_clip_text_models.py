"""Text towers of transformers' (RoBERTa, NLLB), whose configuration open_clip has from the hub."""

from __future__ import annotations

from typing import Any

from zsclip.downloads import cache_dir
from zsclip.errors import DownloadError, OfflineError
from zsclip.files import writing_whole
from zsclip.wording import brief, shown

__all__ = ["text_model_folder", "text_tower"]


def text_model_folder(text: dict[str, Any], fetching: dict[str, Any]) -> str | None:
    """The folder with the configuration of a text tower of transformers', fetched if need be.

    open_clip would ask the hub for it each time, whatever forbids that. Only of text models that
    open_clip's own architectures have: their names are known.

    Raises:
        OfflineError: It is not here, and downloads are forbidden.
        DownloadError: It cannot be fetched.
    """
    name = text.get("hf_model_name")
    if not name:
        return None
    folder = cache_dir(fetching["download_root"]) / "open_clip" / name.replace("/", "--")
    if (folder / "config.json").is_file():
        return str(folder)
    what = f"The configuration of the text model {brief(name)}"
    if fetching["offline"]:
        raise OfflineError(
            f"{what} is not here, and downloads are forbidden (ZSCLIP_OFFLINE or HF_HUB_OFFLINE). "
            f"Put its config.json into {folder}."
        )
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
        folder.mkdir(parents=True, exist_ok=True)
        with writing_whole(folder / "config.json") as file:
            file.write(config.to_json_string(use_diff=False).encode())
    except Exception as e:
        raise DownloadError(
            f"{what} cannot be fetched: {type(e).__name__}: {shown(str(e))}. Put its config.json "
            f"into {folder}."
        ) from e
    return str(folder)


def text_tower(open_clip: Any, where: str, folder: str | None) -> dict[str, Any]:
    """What keeps such a tower from asking the hub what it is like; nothing for any other."""
    if folder is None:
        return {}
    text = open_clip.get_model_config(where)["text_cfg"]
    return {"text_cfg": {**text, "hf_model_name": folder, "hf_model_pretrained": False}}
