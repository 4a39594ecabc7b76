"""The lines of docs/onnx.md from nothing to their first answer: no zsclip, no torch.

usage: python -m tests.benchmarks.starts.lines FILE PICTURE
"""

from __future__ import annotations

import json
import sys

from tests.benchmarks.starts.marks import Marks

marks = Marks()
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
from PIL import Image, ImageOps  # noqa: E402

marks.end("import")
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
labels = json.loads(session.get_modelmeta().custom_metadata_map["zsclip.labels"])
side = session.get_inputs()[0].shape[1]
marks.end("load")
with Image.open(sys.argv[2]) as opened:
    image = ImageOps.exif_transpose(opened).convert("RGB")
width, height = (int(side * length / min(image.size)) for length in image.size)
image = image.resize((width, height), Image.Resampling.BICUBIC)
left, top = round((width - side) / 2), round((height - side) / 2)
pixels = np.asarray(image.crop((left, top, left + side, top + side)))
scores, _ = session.run(None, {"pixels": pixels[None]})
marks.end("answer")
marks.answer(labels[int(scores[0].argmax())])
