"""
Parts and sums of label sets
============================

Label sets are values: one can be cut down to a group, and put together with another.
"""

from zsclip import ZeroShotClassifier, load_labelset, plot
from zsclip.demo import load_drawings

animals = load_labelset("cartoon-animals")
satellite = load_labelset("satellite")
birds = animals.only("bird")
print(len(animals), "animals, of which", len(birds), "are birds")

# %%
# Birds alone, birds and what satellites see, and all animals but mammals. On the command line and
# in ``ZeroShotClassifier`` a text says the same: ``"cartoon-animals/bird+satellite"``.

both = birds | satellite
print(both.name, len(both))
chosen = {"chicken", "chick", "fish", "crocodile"}
images = [drawing.data for drawing in load_drawings() if drawing.animal in chosen]
clf = ZeroShotClassifier(both, model="tiny-cartoon")
plot.predictions(clf.classify_many(images), images)

# %%

others = clf.with_labels(animals.without("mammal"))
plot.predictions(others.classify_many(images), images)
