"""The Hugging Face pipeline from nothing to its first answer.

usage: python -m tests.benchmarks.starts.huggingface FOLDER PICTURE
"""

from __future__ import annotations

import os
import sys
import warnings

from tests.benchmarks.starts.marks import LABELS, TEMPLATE, Marks

marks = Marks()
warnings.simplefilter("ignore")
os.environ["HF_HUB_OFFLINE"] = "1"
from transformers import pipeline  # noqa: E402

marks.end("import")
classify = pipeline("zero-shot-image-classification", model=sys.argv[1], device="cpu")
marks.end("load")
results = classify(sys.argv[2], candidate_labels=LABELS, hypothesis_template=TEMPLATE)
marks.end("answer")
marks.answer(results[0]["label"])
