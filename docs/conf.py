"""Sphinx's settings for the documentation."""

import logging
import os
import sys
from pathlib import Path

from zsclip import __version__

sys.path.insert(0, str(Path(__file__).parent))  # for `gallery_figures`
os.environ["ZSCLIP_OFFLINE"] = "1"  # the examples of the gallery need no network
logging.getLogger("zsclip").setLevel(logging.WARNING)  # which device they ran on

project = "zsclip"
author = "the zsclip authors"
copyright = "2026, the zsclip authors"  # noqa: A001 - the name that Sphinx reads
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}  # sphinx-gallery writes the latter
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"zsclip {release}"
html_static_path = ["_static"]
html_css_files = ["zsclip.css"]

default_role = "code"  # docstrings name things in single backticks
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
nitpicky = False

sphinx_gallery_conf = {  # names in place of classes, which Sphinx cannot keep and warns of
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("gallery_figures.scrape",),
    "ignore_repr_types": "Figure",
    "reset_modules": (),
    "only_warn_on_example_error": False,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 60,
}
