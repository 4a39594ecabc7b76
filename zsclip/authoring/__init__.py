"""What an author of label sets needs: scaffolding, and checks of sources, sdists and wheels.

Stands on `labels`; no classification passes here. Nothing that is checked is imported or unpacked.
"""

from __future__ import annotations

from zsclip.authoring.check import TokenCounter, check_labelset
from zsclip.authoring.distributions import check_distribution

__all__ = ["TokenCounter", "check_distribution", "check_labelset"]
