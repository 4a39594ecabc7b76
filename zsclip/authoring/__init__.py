"""What an author of label sets needs: scaffolding, checks of sources, sdists and wheels, advice.

Stands on `labels`, and its advice on encoders; no classification passes here. Nothing that is
checked is imported or unpacked.
"""

from __future__ import annotations

from zsclip.authoring.advice import COINCIDE, find_near_labels
from zsclip.authoring.check import (
    check_distribution,
    check_labelset,
    is_distribution,
    review_target,
)
from zsclip.authoring.new import Scaffold, create_distribution
from zsclip.authoring.review import RULES, Review

__all__ = [
    "COINCIDE",
    "RULES",
    "Review",
    "Scaffold",
    "check_distribution",
    "check_labelset",
    "create_distribution",
    "find_near_labels",
    "is_distribution",
    "review_target",
]
