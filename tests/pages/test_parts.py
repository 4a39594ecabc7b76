from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.pages import as_data, filled, hash_of, part, policy, script_of, style_of

PAGES = (
    ("zsclip.report", ("page.css",), ("page.js",)),
    ("zsclip.serve", ("page.css",), ("code.js", "page.js")),
    ("zsclip.serve", ("docs.css",), ("docs.js",)),
)
SCRIPTS = [("zsclip.pages", "base.js"), *((room, name) for room, _, some in PAGES for name in some)]


@given(st.text())
def test_any_text_comes_back_from_data_that_no_html_can_end(text: str) -> None:
    data = as_data([text, {text: 1}])
    assert json.loads(data) == [text, {text: 1}]
    assert data.isascii()
    assert not re.search(r"[<>&\n]", data)


@given(st.text(), st.text())
def test_what_comes_into_a_template_is_not_looked_at_for_names(one: str, two: str) -> None:
    values = {"one": one, "two": two}
    assert filled("<{{one}}|{{two}}>", values) == f"<{one}|{two}>"


def test_a_policy_allows_what_it_names_and_nothing_else() -> None:
    told = policy({"img-src": "data:", "script-src": hash_of("alert(1)")})
    assert told == (
        "default-src 'none'; img-src data:; script-src "
        "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize(("package", "styles", "scripts"), PAGES)
def test_style_and_script_cannot_end_their_element(
    package: str, styles: tuple[str, ...], scripts: tuple[str, ...]
) -> None:
    for content in (style_of(package, *styles), script_of(package, *scripts)):
        assert not re.search(r"</(style|script)|<!--|\{\{", content)


@pytest.mark.parametrize(("package", "name"), SCRIPTS)
def test_the_script_of_a_page_makes_no_markup_of_texts(package: str, name: str) -> None:
    script = part(package, name)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval|Function", script
    )
    assert script.count("\n") < 400
