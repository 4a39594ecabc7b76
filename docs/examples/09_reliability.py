"""
Scores that mean something
==========================

A hundred pictures with their labels make a score of 0.8 be right in 80 % of the cases.
"""

import io

from matplotlib.figure import Figure
from PIL import Image

from zsclip import ZeroShotClassifier, plot
from zsclip.demo import load_drawings

# Drawings turned any way stand for pictures that the model is not used to.
images, truth = [], []
for drawing in load_drawings():
    picture = Image.open(io.BytesIO(drawing.data)).convert("RGBA")
    for angle in range(0, 360, 15):
        images.append(picture.rotate(angle))
        truth.append(drawing.animal)

clf = ZeroShotClassifier(sorted(set(truth)), model="tiny-cartoon")
sure = clf.calibrated(images[::2], truth[::2])

# %%
# On the pictures that the temperature was not fitted on, before and after:

figure = Figure(figsize=(10, 4), layout="constrained")
before, after = figure.subplots(1, 2)
plot.reliability(clf.evaluate(images[1::2], truth[1::2]), ax=before)
plot.reliability(sure.evaluate(images[1::2], truth[1::2]), ax=after)
figure
