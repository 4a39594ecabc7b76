"""
Templates, and what their mean is good for
==========================================

A label is put into several sentences, and pictures are compared with the mean of these.
"""

import numpy as np

from zsclip import ZeroShotClassifier, plot
from zsclip.demo import load_drawings, load_labels

images = [drawing.data for drawing in load_drawings()]
truth = [drawing.animal for drawing in load_drawings()]
labels = load_labels()
templates = ["{}", "a cartoon {}.", "a green {}.", "a baby {}.", "a {} with its head down."]
clf = ZeroShotClassifier(labels, templates=templates, model="tiny-cartoon")

# %%
# What a sentence says beside the label moves it, towards some pictures and away from others.

prompts = [template.format("whale") for template in templates]
plot.similarity(images, prompts, classifier=clf)

# %%
# How many drawings each template answers rightly by itself, and all of them together. Those that
# lead away from the label cost answers; in the mean they do no harm.

for template in templates:
    alone = clf.with_labels(labels, templates=[template])
    print(f"{np.sum(alone.predict(images) == truth):2} of {len(images)}  {template}")
print(f"{np.sum(clf.predict(images) == truth):2} of {len(images)}  the mean of all")
