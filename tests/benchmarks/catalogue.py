"""The sections of the page, by the names that ``--only`` takes, in their order."""

from __future__ import annotations

import importlib

from tests.benchmarks.files import Work
from tests.benchmarks.record import Section

AGREEMENT = "agreement"
SECTIONS = {  # a module of `sections`, and its function
    AGREEMENT: ("agreement", "run"),
    "texts": ("texts", "run"),
    "images": ("images", "run"),
    "resnet": ("resnet", "run"),
    "auto": ("auto", "run"),
    "large": ("folders", "run_large"),
    "small": ("folders", "run_small"),
    "start": ("start", "run"),
    "cached": ("cached", "run"),
    "search": ("search", "run"),
    "vectors": ("vectors", "run"),
    "batch": ("batch", "run"),
    "onnx": ("onnx", "run"),
    "imports": ("imports", "run"),
    "page": ("page", "run"),
    "service": ("service", "run"),
}
ON_GPU = (AGREEMENT, "texts", "images", "resnet", "large", "small", "cached")  # where that matters


def measure(name: str, work: Work, machine: object) -> Section:
    """Run one section; what it imports is imported now."""
    module, function = SECTIONS[name]
    run = getattr(importlib.import_module(f"tests.benchmarks.sections.{module}"), function)
    section: Section = run(work, machine)
    return section
