"""zsclip from nothing to its first answer.

usage: python -m tests.benchmarks.starts.zsclip DOWNLOADS PICTURE [OPTIONS]

OPTIONS is a JSON object: more parameters of `ZeroShotClassifier`, or ``{"file": PATH}`` for a
classifier that was saved.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tests.benchmarks.starts.marks import LABELS, TEMPLATE, Marks

marks = Marks()
from zsclip import ZeroShotClassifier  # noqa: E402

marks.end("import")
options: dict[str, Any] = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
if file := options.pop("file", None):
    loading: Any = ZeroShotClassifier
    clf = loading.load(file, download_root=sys.argv[1], **options)
else:
    clf = ZeroShotClassifier(
        LABELS, templates=[TEMPLATE], model="ViT-B/32", download_root=sys.argv[1], **options
    )
marks.end("load")
prediction = clf.classify(sys.argv[2])
marks.end("answer")
marks.answer(prediction.label)
