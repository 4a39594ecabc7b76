"""What is measured, in the order of the page."""

from __future__ import annotations

from types import ModuleType

from tests.quality.sections import (
    calibration,
    conformal,
    probe,
    promises,
    prompts,
    reject,
    several,
    tags,
    tree,
)

__all__ = ["SECTIONS"]

SECTIONS: dict[str, ModuleType] = {
    "reject": reject,
    "promises": promises,
    "calibration": calibration,
    "conformal": conformal,
    "several": several,
    "tags": tags,
    "tree": tree,
    "probe": probe,
    "prompts": prompts,
}
