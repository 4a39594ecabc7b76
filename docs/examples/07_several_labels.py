"""
Several labels of one picture
=============================

Each label is asked by itself, so that a picture may have several, or none.
"""

import io

from PIL import Image

from zsclip import ZeroShotClassifier, plot
from zsclip.demo import load_drawings


def pair(left, right):
    """Two drawings side by side."""
    picture = Image.new("RGB", (128, 64), "white")
    for i, name in enumerate((left, right)):
        data = next(drawing.data for drawing in load_drawings() if drawing.animal == name)
        drawing = Image.open(io.BytesIO(data)).convert("RGBA").resize((64, 64))
        picture.paste(drawing, (64 * i, 0), drawing)
    return picture


pairs = [("fish", "ram"), ("whale", "octopus"), ("crocodile", "tiger"), ("tiger", "ram")]
images = [pair(*animals) for animals in pairs]
labels = ["fish", "tiger", "octopus", "chicken", "ram", "dog", "whale", "crocodile"]
clf = ZeroShotClassifier(labels, model="tiny-cartoon", multi_label=True)

# %%
# Scores do not share 1 among them. The embedded model learnt single drawings: both of a pair are
# found, and sometimes a third that is not there.

predictions = clf.classify_many(images)
plot.predictions(predictions, images)

# %%
# What is said of each, from a score of 0.75 on. With labelled pictures, ``calibrated`` finds such
# thresholds.

for animals, prediction in zip(pairs, predictions, strict=True):
    print(*animals, "->", [score.label for score in prediction.above(0.75)])
