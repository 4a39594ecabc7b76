"""
Classify a drawing
==================

A classifier is made of words, and says of each picture how well each word fits.
"""

from zsclip import ZeroShotClassifier, plot, show_grid
from zsclip.demo import load_drawings, load_labels

frog = next(drawing.data for drawing in load_drawings() if drawing.animal == "frog")
clf = ZeroShotClassifier(load_labels(), model="tiny-cartoon")
prediction = clf.classify(frog)
print(prediction.label, round(prediction.score, 3))

# %%
# The best five of the 45 labels, with the picture beside them. Pictures may be paths, URLs, bytes,
# arrays or images of Pillow.

plot.predictions(prediction, [frog])

# %%
# Several at once, in their order. Not all of them are right.

images = [drawing.data for drawing in load_drawings()]
predictions = clf.classify_many(images)
plot.predictions(predictions, images)

# %%
# A notebook shows many results as a grid as well, for which no matplotlib is needed.

show_grid(predictions[:6], images=images[:6])
