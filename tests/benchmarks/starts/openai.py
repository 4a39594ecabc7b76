"""openai/CLIP from nothing to its first answer.

usage: python -m tests.benchmarks.starts.openai ARCHIVE PICTURE
"""

from __future__ import annotations

import sys
import warnings

from tests.benchmarks.starts.marks import LABELS, TEMPLATE, Marks

marks = Marks()
warnings.simplefilter("ignore")
import clip  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

marks.end("import")
model, preprocess = clip.load(sys.argv[1], device="cpu")
marks.end("load")
with torch.no_grad():
    image = preprocess(Image.open(sys.argv[2])).unsqueeze(0)
    text = clip.tokenize([TEMPLATE.replace("{}", label) for label in LABELS])
    logits_per_image, _ = model(image, text)
    probs = logits_per_image.softmax(dim=-1)
marks.end("answer")
marks.answer(LABELS[int(probs.argmax())])
