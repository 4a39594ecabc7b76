"""
Pictures beside descriptions
============================

The matrix of CLIP's first lesson: how near each picture is to each description.
"""

from zsclip import ZeroShotClassifier, plot
from zsclip.demo import load_drawings

described = {
    "fish": "a drawing of a fish",
    "frog": "the face of a green frog",
    "octopus": "a cartoon octopus with eight arms",
    "ram": "a cartoon ram with horns",
    "tiger": "a striped tiger",
    "crocodile": "a drawing of a long crocodile",
}
images = [drawing.data for drawing in load_drawings() if drawing.animal in described]
texts = [described[d.animal] for d in load_drawings() if d.animal in described]
clf = ZeroShotClassifier(texts, templates=["{}"], model="tiny-cartoon")

# %%
# A cosine is 1 for the same direction and 0 for directions that have nothing in common. On the
# diagonal, a picture meets its own description.

plot.similarity(images, texts, classifier=clf)

# %%
# The numbers themselves are an array: a row for each picture, a column for each text.

clf.similarity(images, texts).round(2)
