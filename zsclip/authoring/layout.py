"""The files of a distribution of one label set, as texts."""

from __future__ import annotations

import datetime
import importlib.resources
import json
import re

from zsclip.authoring.metadata import FIRST_ZSCLIP
from zsclip.labels import LABELSETS_GROUP, LabelSet

__all__ = ["distribution_files", "known_licenses"]

_ADDRESSES = {
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0.txt",
    "BSD-3-Clause": "https://spdx.org/licenses/BSD-3-Clause.html",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/legalcode.txt",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/legalcode.txt",
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "PDDL-1.0": "https://opendatacommons.org/licenses/pddl/1-0/",
}
_FULL = ("CC0-1.0", "MIT")

_PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{distribution}"
version = "0.1.0"
description = {description}
readme = "README.md"
requires-python = ">=3.11"
license = "{license}"
license-files = ["LICENSE"]
keywords = ["zsclip", "clip", "zero-shot", "image classification", "label set"]
classifiers = [
    "Programming Language :: Python :: 3",
    "Topic :: Scientific/Engineering :: Image Recognition",
]
# No upper bound: a later zsclip reads every earlier version of the file format.
dependencies = ["zsclip>={zsclip}"]

[project.entry-points."{group}"]
{name} = "{package}"

[dependency-groups]
test = ["pytest>=8"]

[tool.hatch.build.targets.wheel]
packages = ["{package}"]

[tool.hatch.build.targets.sdist]
only-include = ["{package}", "tests", "README.md", "LICENSE"]
"""

_README = """\
# {distribution}

{title}: {count} labels for [zsclip](https://pypi.org/project/zsclip/), from "{first}" to "{last}".

```console
$ pip install zsclip {distribution}
$ zsclip classify picture.png --labels {name}
```

```python
from zsclip import ZeroShotClassifier

clf = ZeroShotClassifier("{name}")
print(clf.classify("picture.png").label)
```

The labels stand in [`{name}.toml`]({package}/{name}.toml).

Source: {source}

License: {license}
"""

_INIT = '''\
"""The label set ``{name}`` for zsclip.

It is the file ``{name}.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
'''

_TEST = """\
from zsclip.testing import parametrize_with_labelset_checks
@parametrize_with_labelset_checks("{name}")
def test_labelset(check): check()
"""

_NOTICE = """\
The label set {name}, which is the file {package}/{name}.toml, is licensed
under: {license} (as an SPDX license expression, see https://spdx.org/licenses/)
{texts}
This notice stands in place of the full text. Put that text here before you
publish, if the license asks for it to be passed on.
"""


def known_licenses() -> list[str]:
    """The licenses that data is usually under, in their own spelling."""
    return sorted([*_FULL, *_ADDRESSES])


def distribution_files(labelset: LabelSet) -> dict[str, str]:
    """The files of a distribution, by their paths.

    Args:
        labelset: The label set, with title, license and source; its name is the distribution's.

    Raises:
        LabelError: The set makes no label-set file that can be read.
    """
    name = labelset.name
    words = {
        "name": name,
        "distribution": f"zsclip-labels-{name}",
        "package": f"zsclip_labels_{name.replace('-', '_')}",
        "group": LABELSETS_GROUP,
        "zsclip": FIRST_ZSCLIP,
        "license": labelset.license,
        # What JSON makes of a text is a text of TOML, too.
        "description": json.dumps(
            f"{labelset.title}, as a label set for zsclip", ensure_ascii=False
        ),
        "title": _in_markdown(labelset.title),
        "source": _in_markdown(labelset.source),
        "count": str(len(labelset)),
        "first": _in_markdown(labelset[0].name),
        "last": _in_markdown(labelset[-1].name),
    }
    package = words["package"]
    return {
        "pyproject.toml": _fill(_PYPROJECT, words),
        "README.md": _fill(_README, words),
        "LICENSE": _license(labelset, words),
        f"{package}/__init__.py": _fill(_INIT, words),
        f"{package}/{name}.toml": labelset.to_toml(),
        "tests/test_labelset.py": _fill(_TEST, words),
    }


def _fill(text: str, words: dict[str, str]) -> str:
    """Each ``{word}`` replaced; not by `str.format`, whose braces names may hold."""
    return re.sub(r"\{([a-z]+)\}", lambda found: words[found[1]], text)


def _license(labelset: LabelSet, words: dict[str, str]) -> str:
    """The license's text where it is at hand, and a notice that names it otherwise."""
    spdx = labelset.license
    if spdx in _FULL:
        folder = importlib.resources.files("zsclip.authoring") / "licenses"
        text = (folder / f"{spdx}.txt").read_text("utf-8")
        holder = f"The authors of {words['distribution']}"
        return _fill(text, {"year": str(datetime.date.today().year), "holder": holder})
    parts = [part for part in re.split(r"[\s()]+", spdx) if part in _ADDRESSES]
    texts = "".join(f"{part}: {_ADDRESSES[part]}\n" for part in dict.fromkeys(parts))
    return _fill(_NOTICE, {**words, "texts": texts})


def _in_markdown(text: str) -> str:
    """A text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|&])", r"\\\1", " ".join(text.split()))
