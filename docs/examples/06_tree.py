"""
As specific as it is sure
=========================

Where labels lie in groups, an answer need be no more specific than it is sure.
"""

from zsclip import ZeroShotClassifier, plot
from zsclip.demo import load_drawings

chosen = {"dog", "rat", "crocodile", "whale"}
drawings = [drawing for drawing in load_drawings() if drawing.animal in chosen]
images = [drawing.data for drawing in drawings]
clf = ZeroShotClassifier("cartoon-animals", model="tiny-cartoon")
predictions = clf.classify_many(images)
plot.predictions(predictions, images)

# %%
# What is sure to 0.8: the label, or the group around it, or nothing.

for drawing, prediction in zip(drawings, predictions, strict=True):
    sure = prediction.deepest(0.8)
    print(drawing.animal, "->", sure.name if sure else "one of these animals")

# %%
# The best at each depth of the tree, for the crocodile: taken for a dinosaur, yet a reptile.

for node in predictions[1].ranks():
    print(node.depth, node.name, round(node.score, 3))
