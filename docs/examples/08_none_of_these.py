"""
None of these
=============

A classifier learns from pictures of the wanted kind when to say that one is none of the labels.
"""

from PIL import Image, ImageDraw

from zsclip import ZeroShotClassifier, plot
from zsclip.demo import load_drawings, load_labels

images = [drawing.data for drawing in load_drawings()]
clf = ZeroShotClassifier(load_labels(), model="tiny-cartoon")
careful = clf.rejecting(images, coverage=0.9)
print(careful.rejection)

# %%
# Three drawings, and three pictures of something else. Without ``rejecting`` these would be
# animals, too.

square = Image.new("RGB", (64, 64), "black")
ImageDraw.Draw(square).rectangle((16, 16, 48, 48), fill="red")
stripes = Image.new("RGB", (64, 64), "white")
for x in range(0, 64, 8):
    ImageDraw.Draw(stripes).line((x, 0, x, 64), fill="navy", width=3)
empty = Image.new("RGB", (64, 64), "gray")

mixed = [*images[4:7], square, stripes, empty]
plot.predictions(careful.classify_many(mixed), mixed, k=3)
