"""The label sets that zsclip's own repository publishes, and how one of them is installed.

No other distribution is ever advised to be installed: under a name that somebody mistyped, anybody
can publish anything.
"""

from __future__ import annotations

from collections.abc import Collection

from zsclip.wording import nearest

__all__ = ["PUBLISHED", "to_install"]

PUBLISHED = {
    "zsclip-labels-actions": ("actions",),
    "zsclip-labels-aircraft": ("aircraft",),
    "zsclip-labels-art-styles": ("art-styles",),
    "zsclip-labels-caltech101": ("caltech101",),
    "zsclip-labels-cars": ("cars",),
    "zsclip-labels-cartoon-animals": ("cartoon-animals",),
    "zsclip-labels-cifar": ("cifar10", "cifar100"),
    "zsclip-labels-coco": ("coco",),
    "zsclip-labels-countries": ("countries",),
    "zsclip-labels-digits": ("mnist", "svhn"),
    "zsclip-labels-document-types": ("document-types",),
    "zsclip-labels-everyday": ("everyday",),
    "zsclip-labels-faces": ("faces",),
    "zsclip-labels-flowers102": ("flowers102",),
    "zsclip-labels-food101": ("food101",),
    "zsclip-labels-imagenet-intl": ("imagenet-ar", "imagenet-ja", "imagenet-zh"),
    "zsclip-labels-imagenet": ("imagenet", "imagenet-7"),
    "zsclip-labels-openimages": ("openimages",),
    "zsclip-labels-pets": ("pets",),
    "zsclip-labels-photo-or-not": ("photo-or-not",),
    "zsclip-labels-places365": ("places365",),
    "zsclip-labels-satellite": ("satellite",),
    "zsclip-labels-scenes": ("resisc45", "sun397"),
    "zsclip-labels-stl10": ("stl10",),
    "zsclip-labels-textures": ("textures",),
    "zsclip-labels-traffic-signs": ("traffic-signs",),
    "zsclip-labels-weather-and-light": ("weather-and-light",),
    "zsclip-labels-wordnet-words": ("wordnet-words",),
}
"""Each distribution, with the names of its sets."""


def to_install(name: str, installed: Collection[str]) -> str:
    """The end of a message about a set that is not there: how to install the one that is meant.

    Args:
        name: What was asked for, which may be anything.
        installed: The names of the sets that are there.

    Examples:
        >>> to_install("satelite", ["cartoon-animals"])
        " 'satellite' is published: `pip install zsclip-labels-satellite` installs it."
        >>> to_install("volcanoes", [])
        ''
    """
    of = {labels: distribution for distribution, sets in PUBLISHED.items() for labels in sets}
    missing = [labels for labels in of if labels not in installed]
    near = [name] if name in missing else nearest(name, missing)[:1]
    return "".join(
        f" {labels!r} is published: `pip install {of[labels]}` installs it." for labels in near
    )
