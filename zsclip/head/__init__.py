"""What a classifier knows beside its model: labels, templates, class matrix, and what it learnt.

A value, of which scores are made; and what is learnt with it is tied to.
"""

from __future__ import annotations

from zsclip.head.head import Head, Labels, require_fitting
from zsclip.head.tying import tie_of

__all__ = ["Head", "Labels", "require_fitting", "tie_of"]
