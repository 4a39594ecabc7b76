"""
Search by words
===============

Pictures and texts have embeddings in one space, so that words find the pictures nearest to them.
"""

from zsclip import ZeroShotClassifier, plot
from zsclip.demo import load_drawings

images = [drawing.data for drawing in load_drawings()]
clf = ZeroShotClassifier(["picture"], multi_label=True, model="tiny-cartoon")
pictures = clf.encode_images(images)  # float32 (n, d), to be kept
print(pictures.shape)

# %%
# What is nearest to each of these words? Embeddings have length 1, so that products are cosines.

wanted = ["something that swims", "a bird", "a sheep with horns", "a poodle"]
cosines = pictures @ clf.encode_texts(wanted).T
best = cosines.argsort(axis=0)[::-1][:3]
for i, words in enumerate(wanted):
    print(f"{words}: {', '.join(load_drawings()[n].animal for n in best[:, i])}")

# %%
# All of them, as a matrix:

plot.similarity(images, wanted, values=cosines)
