"""What ``zsclip doctor`` finds out, as plain values.

Each part is guarded on its own: what is broken becomes a problem, and the rest is still looked at.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import re
from collections import Counter
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from zsclip.cli.labelsets import describe_labelsets
from zsclip.cli.models import describe_models

__all__ = ["examine"]

SETTINGS = ("ZSCLIP_CACHE", "ZSCLIP_OFFLINE")
# Beside the weights lie locks and notes, which say nothing to people.
NOTES = (".lock", ".verified", ".part.json")


def examine() -> dict[str, Any]:
    """Everything that `zsclip doctor` prints; what is wrong stands in ``problems``."""
    problems: list[str] = []

    def guarded(what: str, look: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return look()
        except Exception as error:  # noqa: BLE001 - whatever is broken here is the finding
            problems.append(f"{what}: {_in_words(error)}")
            return otherwise

    packages = _packages()
    problems += [f"{name} is not installed." for name, found in packages.items() if not found]
    guarded("ZSCLIP_OFFLINE", _check_offline, None)
    report: dict[str, Any] = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": packages,
        "devices": guarded("Devices", _devices, []),
        "auto": guarded("Device and precision", _auto, {}),
        "environment": {key: os.environ.get(key) for key in SETTINGS},
        "cache": guarded("Cache", _cache, {"folder": "not known", "files": []}),
        "embeddings": guarded("Embedding cache", _embeddings, None),
        "models": guarded("Models", describe_models, []),
        "labelsets": guarded("Label sets", describe_labelsets, []),
        "encoders": guarded("Encoders", _encoders, []),
        "trial": guarded("Trial", _trial, {"what": "tiny-cartoon", "result": "failed"}),
        "problems": problems,
    }
    if report["embeddings"] and report["embeddings"]["problem"]:
        problems.append(report["embeddings"]["problem"])
    rows = [*report["labelsets"], *report["encoders"]]
    # A collision is marked on each of those that collide, in the same words.
    problems += dict.fromkeys(f"{row['name']}: {row['error']}" for row in rows if row["error"])
    return report


def _in_words(error: Exception) -> str:
    from zsclip.errors import ZsclipError

    return str(error) if isinstance(error, ZsclipError) else f"{type(error).__name__}: {error}"


def _packages() -> dict[str, str | None]:
    """The versions of zsclip and of what it depends on."""
    names = ["zsclip"]
    for requirement in requires("zsclip") or []:
        name = re.match(r"[\w.-]+", requirement)
        if name and "extra ==" not in requirement:
            names.append(name[0])
    return {name: _version(name) for name in names}


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _check_offline() -> None:
    from zsclip.weights import is_offline

    is_offline()  # raises if the setting says neither yes nor no


def _devices() -> list[dict[str, str]]:
    from zsclip.encoders import list_devices

    return [{"name": name, "about": about} for name, about in list_devices()]


def _auto() -> dict[str, str]:
    from zsclip.encoders import default_device

    device, precision = default_device()
    return {"device": device, "precision": precision}


def _cache() -> dict[str, Any]:
    from zsclip.weights import cache_dir

    folder = cache_dir()
    files = []
    if folder.is_dir():
        files = [
            {"name": file.name, "size": file.stat().st_size}
            for file in sorted(folder.iterdir())
            if file.is_file() and not file.name.endswith(NOTES)
        ]
    return {"folder": str(folder), "files": files}


def _embeddings() -> dict[str, Any]:
    from zsclip.cache import EmbeddingCache

    cache = EmbeddingCache()
    try:
        return cache.info().to_dict()
    finally:
        cache.close()


def _encoders() -> list[dict[str, Any]]:
    """The engines; their code is looked for and not run."""
    from zsclip.encoders import list_encoders

    entries = list_encoders()
    counts = Counter(entry.name for entry in entries)
    rows = []
    for entry in entries:
        module = entry.target.partition(":")[0].partition(".")[0]
        error = None
        if counts[entry.name] > 1:
            error = "several distributions offer an encoder of this name; uninstall all but one"
        elif not module.isidentifier() or importlib.util.find_spec(module) is None:
            error = f"the package of {entry.target!r} is not installed; reinstall the distribution"
        rows.append(
            {
                "name": entry.name,
                "distribution": entry.distribution,
                "version": entry.version,
                "target": entry.target,
                "error": error,
            }
        )
    return rows


def _trial() -> dict[str, str]:
    """Classify one drawing with the bundled model, on the device that is picked by itself."""
    from zsclip.classifier import ZeroShotClassifier
    from zsclip.demo import MODEL, load_drawings, load_labels

    drawing = load_drawings()[0]
    classifier = ZeroShotClassifier(load_labels(), model=MODEL, cache=False)
    prediction = classifier.classify(drawing.data)
    return {
        "what": f"{drawing.file} by {MODEL}",
        "result": f"{prediction.label} ({prediction.score:.2f}); it shows a {drawing.animal}",
    }
