"""
Labels of your own
==================

Any words can be labels, and a label may have several phrases that say what is meant.
"""

from zsclip import ZeroShotClassifier, plot
from zsclip.demo import load_drawings

labels = {
    "lives in water": ["a cartoon fish.", "a cartoon whale.", "a cartoon octopus."],
    "has feathers": ["a cartoon bird.", "a cartoon chicken.", "a cartoon chick."],
    "has fur": ["a cartoon dog.", "a cartoon tiger.", "a cartoon squirrel.", "a cartoon rat."],
}
clf = ZeroShotClassifier(labels, model="tiny-cartoon")
chosen = {"whale", "octopus", "chicken", "chick", "tiger", "dog"}
images = [drawing.data for drawing in load_drawings() if drawing.animal in chosen]

plot.predictions(clf.classify_many(images), images)

# %%
# Other labels take no other model: nothing is loaded again.

animals = clf.with_labels(sorted(chosen), templates=["a cartoon {}.", "a drawing of a {}."])
plot.predictions(animals.classify_many(images), images, k=3)
