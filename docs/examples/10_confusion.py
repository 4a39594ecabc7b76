"""
What is taken for what
======================

An evaluation compares answers with the truth, and shows which labels are mistaken for which.
"""

import io

from PIL import Image

from zsclip import ZeroShotClassifier, plot
from zsclip.demo import load_drawings

images, truth = [], []
for drawing in load_drawings():  # turned, so that there is something to mistake
    picture = Image.open(io.BytesIO(drawing.data)).convert("RGBA")
    for angle in range(-60, 61, 20):
        images.append(picture.rotate(angle))
        truth.append(drawing.animal)

clf = ZeroShotClassifier(sorted(set(truth)), model="tiny-cartoon")
evaluation = clf.evaluate(images, truth)
low, high = evaluation.interval("accuracy")
print(f"{evaluation.accuracy:.3f} are right, which may stand for {low:.3f} to {high:.3f}")

# %%
# Rows are the truth, columns the best label.

plot.confusion(evaluation)

# %%
# The mistakes of which it was surest:

for mistake in evaluation.worst(3):
    print(f"{mistake.truth} taken for {mistake.answer}, with a score of {mistake.score:.2f}")
