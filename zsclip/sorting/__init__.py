"""Pictures put into a folder for each label: a plan, what carries it out, and the way back.

Stands on the public surface: results in, files copied, linked or moved, none ever replaced. A plan
is a value that nothing was done for yet; what is done is written to an undo file before.
"""

from __future__ import annotations

from zsclip.sorting.carry import SortReport, carry_out
from zsclip.sorting.names import folder_names
from zsclip.sorting.plan import Left, SortPlan, Step, pictures_to_sort, plan_sorting
from zsclip.sorting.undo import UndoReport, undo_sorting

__all__ = [
    "Left",
    "SortPlan",
    "SortReport",
    "Step",
    "UndoReport",
    "carry_out",
    "folder_names",
    "pictures_to_sort",
    "plan_sorting",
    "undo_sorting",
]
