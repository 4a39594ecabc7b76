"""open_clip behind a FastAPI handler, written as tutorials write it: a picture a request.

usage: python -m tests.benchmarks.plain_service STATE PORT async|threads PRECISION

With ``async`` the handler is ``async def``, and computes where everything else waits; with
``threads`` it is ``def``, which FastAPI runs in its pool of threads.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import open_clip
import torch
import uvicorn
from fastapi import FastAPI, UploadFile
from PIL import Image

from tests.benchmarks.peers import autocast
from tests.benchmarks.starts.marks import LABELS, TEMPLATE

state, port, kind, precision = sys.argv[1:]
model, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32-quickgelu", pretrained=state)
model.eval()
tokenizer = open_clip.get_tokenizer("ViT-B-32-quickgelu")
with torch.no_grad():
    texts = model.encode_text(
        tokenizer([TEMPLATE.replace("{}", label) for label in LABELS]), normalize=True
    )
app = FastAPI()


def answer(data: bytes) -> dict[str, Any]:
    """The scores of a picture."""
    pixels: Any = preprocess(Image.open(io.BytesIO(data)))
    with torch.no_grad(), autocast(precision):
        embedding = model.encode_image(pixels.unsqueeze(0), normalize=True)
    [scores] = (100.0 * embedding.float() @ texts.T).softmax(dim=-1).tolist()
    ranked = sorted(zip(LABELS, scores, strict=True), key=lambda pair: -pair[1])
    return {"label": ranked[0][0], "scores": dict(ranked)}


def ready() -> dict[str, bool]:
    """Loaded before it listens."""
    return {"ready": True}


async def classify_async(image: UploadFile) -> dict[str, Any]:
    """In the event loop."""
    return answer(await image.read())


def classify_in_a_thread(image: UploadFile) -> dict[str, Any]:
    """In a thread of FastAPI's."""
    return answer(image.file.read())


app.get("/readyz")(ready)
app.post("/classify")({"async": classify_async, "threads": classify_in_a_thread}[kind])
uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning", access_log=False)
