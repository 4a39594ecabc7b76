"""
A probe beside zero shots
=========================

A few pictures with labels train a linear probe, and others tell which of the two is better.
"""

import io

from matplotlib.figure import Figure
from PIL import Image, ImageOps

from zsclip import ZeroShotClassifier, plot
from zsclip.demo import load_drawings

names = ["frog", "fish", "octopus", "dog", "ram", "rat"]
images, truth = [], []
for drawing in load_drawings():
    if drawing.animal in names:
        picture = Image.open(io.BytesIO(drawing.data)).convert("RGBA")
        for angle in range(-40, 41, 20):
            images += [picture.rotate(angle), ImageOps.mirror(picture).rotate(angle)]
            truth += [drawing.animal] * 2

zero = ZeroShotClassifier(names, model="tiny-cartoon")
probe = zero.linear_probe(images[::2], truth[::2])
judged = {
    "zero shots": zero.evaluate(images[1::2], truth[1::2]),
    "linear probe": probe.evaluate(images[1::2], truth[1::2]),
}

# %%
# How right the surest answers are, from the surest one on the left to all of them on the right:

figure = Figure(figsize=(6, 4), layout="constrained")
ax = figure.add_subplot()
for name, evaluation in judged.items():
    plot.coverage(evaluation, ax=ax)
    ax.lines[-1].set_label(name)
ax.legend(loc="lower left")
figure

# %%
# Whether they differ by more than chance:

print(judged["linear probe"].compare(judged["zero shots"]))
