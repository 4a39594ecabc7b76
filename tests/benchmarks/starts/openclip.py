"""open_clip from nothing to its first answer.

usage: python -m tests.benchmarks.starts.openclip STATE PICTURE
"""

from __future__ import annotations

import sys
import warnings

from tests.benchmarks.starts.marks import LABELS, TEMPLATE, Marks

marks = Marks()
warnings.simplefilter("ignore")
import open_clip  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402

marks.end("import")
model, _, preprocess = open_clip.create_model_and_transforms(
    "ViT-B-32-quickgelu", pretrained=sys.argv[1]
)
model.eval()
tokenizer = open_clip.get_tokenizer("ViT-B-32-quickgelu")
marks.end("load")
with torch.no_grad():
    image = model.encode_image(preprocess(Image.open(sys.argv[2])).unsqueeze(0), normalize=True)
    tokens = tokenizer([TEMPLATE.replace("{}", label) for label in LABELS])
    text = model.encode_text(tokens, normalize=True)
    probs = (100.0 * image @ text.T).softmax(dim=-1)
marks.end("answer")
marks.answer(LABELS[int(probs.argmax())])
