"""What ``zsclip doctor`` finds out, as plain values.

Each part is guarded on its own: what is broken becomes a problem, and the rest is still looked at.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from typing import Any

from zsclip.cli.labelsets import describe_labelsets
from zsclip.cli.models import describe_models

__all__ = ["examine"]

SETTINGS = (
    *("ZSCLIP_CACHE", "ZSCLIP_MIRROR", "ZSCLIP_OFFLINE", "ZSCLIP_PRECISION", "ZSCLIP_TRUST"),
    "HF_ENDPOINT",
)
# Beside the weights lie locks and notes, which say nothing to people.
NOTES = (".lock", ".verified", ".part.json")
# What only models need that are not exported; `.ci/without-torch` leaves these out.
WITH_TORCH = (
    *("torch", "tokenizers", "ftfy", "regex", "huggingface-hub"),
    *("httpx", "httpcore"),  # pictures from the web do as well
)
IMPORT_LIMIT = 120  # seconds; large libraries on a slow disk take some

# What a process of its own runs to see whether an engine can be imported.
_IMPORT = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from zsclip.encoders import require_loadable
from zsclip.errors import EncoderError
error = None
try:
    require_loadable(sys.argv[2])
except EncoderError as e:
    error = str(e)
print("\\nanswer:" + json.dumps(error))
"""


def examine() -> dict[str, Any]:
    """Everything that `zsclip doctor` prints; what is wrong stands in ``problems``."""
    problems: list[str] = []

    def guarded(what: str, look: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return look()
        except Exception as error:  # noqa: BLE001 - whatever is broken here is the finding
            problems.append(f"{what}: {_in_words(error)}")
            return otherwise

    packages = guarded("Packages", _packages, {})
    exported = _runs_exported_files_alone()
    spared = WITH_TORCH if exported else ()
    problems += [
        f"{name} is not installed."
        for name, found in packages.items()
        if not found and name.replace("_", "-") not in spared
    ]
    can_ask = guarded("ZSCLIP_OFFLINE", _check_offline, False)
    report: dict[str, Any] = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "packages": packages,
        "devices": [] if exported else guarded("Devices", _devices, []),
        "auto": {} if exported else guarded("Device and precision", _auto, {}),
        "environment": {key: _setting(key) for key in SETTINGS},
        "cache": guarded("Cache", _cache, {"folder": "not known", "files": []}),
        "embeddings": guarded("Embedding cache", _embeddings, None),
        "models": guarded("Models", describe_models, []),
        "sources": guarded("Sources", _sources, []) if can_ask and not exported else [],
        "labelsets": guarded("Label sets", describe_labelsets, []),
        "encoders": guarded("Encoders", _encoders, []),
        "trial": exported or guarded("Trial", _trial, {"what": "tiny-cartoon", "result": "failed"}),
        "problems": problems,
    }
    if report["embeddings"] and report["embeddings"]["problem"]:
        problems.append(report["embeddings"]["problem"])
    problems += [] if exported else _without_weights(report)
    rows = [*report["labelsets"], *report["encoders"]]
    # A collision is marked on each of those that collide, in the same words.
    problems += dict.fromkeys(
        f"{row['name'] or row['distribution']}: {row['error']}" for row in rows if row["error"]
    )
    return report


def _in_words(error: Exception) -> str:
    from zsclip.errors import ZsclipError

    return str(error) if isinstance(error, ZsclipError) else f"{type(error).__name__}: {error}"


def _packages() -> dict[str, str | None]:
    """The versions of zsclip and of what it depends on, as far as this is recorded here."""
    from zsclip.version import __version__

    names = []
    try:
        requirements = requires("zsclip") or []
    except PackageNotFoundError:  # an application that brings no metadata along
        requirements = []
    for requirement in requirements:
        name = re.match(r"[\w.-]+", requirement)
        if name and "extra ==" not in requirement:
            names.append(name[0])
    return {"zsclip": __version__} | {name: _version(name) for name in names}


def _runs_exported_files_alone() -> dict[str, str] | None:
    """What stands for a trial where torch was left out on purpose, and ONNX Runtime is there."""
    if find_spec("torch") is not None or find_spec("onnxruntime") is None:
        return None
    runtime = _version("onnxruntime") or ""
    return {
        "what": "torch is not installed",
        "result": f"classifiers that were exported run here, by onnxruntime {runtime}".rstrip(),
    }


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _check_offline() -> bool:
    from zsclip.downloads import is_offline

    is_offline()  # raises if the setting says neither yes nor no
    return True


def _devices() -> list[dict[str, str]]:
    from zsclip.encoders import list_devices

    return [{"name": name, "about": about} for name, about in list_devices()]


def _auto() -> dict[str, Any]:
    """What "auto" comes to for the default model, and why; measured now if it was not before."""
    from zsclip.encoders import default_device, explain_auto

    device, _ = default_device()
    auto = explain_auto(device)
    return {
        "device": device,
        "precision": auto.precision,
        "why": auto.why,
        "rate": auto.rate and {**asdict(auto.rate), "ratio": auto.rate.ratio},
    }


def _cache() -> dict[str, Any]:
    from zsclip.downloads import cache_dir

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


def _setting(key: str) -> str | None:
    from zsclip.masking import masked_url

    value = os.environ.get(key)
    return value and masked_url(value)


def _sources() -> list[dict[str, Any]]:
    """What each source of the default model answers, in the order in which they are asked."""
    from zsclip.encoders import DEFAULT_MODEL
    from zsclip.weights import ask_sources, get_model_spec

    return [asdict(answer) for answer in ask_sources(get_model_spec(DEFAULT_MODEL))]


def _without_weights(report: dict[str, Any]) -> list[str]:
    """The problem that the default model is neither here nor to be had, if it is so."""
    from zsclip.encoders import DEFAULT_MODEL

    here = any(m["name"] == DEFAULT_MODEL and m["path"] for m in report["models"])
    states = {row["state"] for row in report["sources"]}
    if here or states != {"fails"}:
        return []
    return [
        f"Sources: the weights of {DEFAULT_MODEL} are not here, and none of their sources answers. "
        "Set ZSCLIP_MIRROR to one that has them, or put the file in place by hand: `zsclip models "
        f"info {DEFAULT_MODEL}` names it."
    ]


def _encoders() -> list[dict[str, Any]]:
    """The engines; the code of those from outside is imported, in processes of their own."""
    from zsclip.encoders import ENCODERS_GROUP, list_encoders
    from zsclip.entrypoints import find_declared

    entries = list_encoders()
    counts = Counter(entry.name for entry in entries)
    rows: list[dict[str, Any]] = [
        {
            "name": "",
            "distribution": one.distribution,
            "version": one.version,
            "target": one.value,
            "extra": "",
            "installed": True,
            "error": one.broken,
        }
        for one in find_declared(ENCODERS_GROUP)
        if not one.name
    ]
    for entry in entries:
        error = None
        if counts[entry.name] > 1:
            error = "several distributions offer an encoder of this name; uninstall all but one"
        elif entry.distribution != "zsclip":  # whose own is tried with a drawing
            error = _import_error(entry.name)
        rows.append(
            {
                "name": entry.name,
                "distribution": entry.distribution,
                "version": entry.version,
                "target": entry.target,
                "extra": entry.extra,
                "installed": entry.is_installed,
                "error": error,
            }
        )
    return rows


def _import_error(name: str) -> str | None:
    """Why an engine cannot be imported: tried where it can neither end this process nor hang it."""
    if getattr(sys, "frozen", False):  # `sys.executable` is the application and no Python
        return _import_error_here(name)
    try:
        done = subprocess.run(  # noqa: S603 - what is installed here, asked for by its name
            # -P: nothing is imported from the folder that this happens to run in
            [sys.executable, "-P", "-c", _IMPORT, json.dumps(sys.path), name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=IMPORT_LIMIT,
        )
    except subprocess.TimeoutExpired:
        return f"importing it did not end within {IMPORT_LIMIT} seconds; ask its author"
    except OSError:  # no process can be started here
        return _import_error_here(name)
    for line in done.stdout.splitlines():  # among whatever the engine prints
        if line.startswith("answer:"):
            answer: str | None = json.loads(line.removeprefix("answer:"))
            return answer
    said = done.stderr.strip().splitlines()
    last = f": {said[-1][:200]}" if said else ""
    return f"importing it ends the process, with status {done.returncode}{last}; ask its author"


def _import_error_here(name: str) -> str | None:
    from zsclip.encoders import require_loadable
    from zsclip.errors import EncoderError

    try:
        require_loadable(name)
    except EncoderError as error:
        return str(error)
    return None


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
