from __future__ import annotations

import base64
import hashlib
import re

from zsclip.markup import Markup
from zsclip.report.page import GENERATOR, parts_of_page

WHOLE = "".join(parts_of_page("A title", Markup("<p>above</p>")))


def test_the_policy_names_what_the_page_holds_and_allows_nothing_else() -> None:
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', WHOLE)
    allowed = dict(part.strip().split(" ", 1) for part in policy.replace("&#x27;", "'").split(";"))
    assert allowed.pop("default-src") == "'none'"
    assert allowed.pop("img-src") == "data:"
    for kind, tag in (("style-src", "style"), ("script-src", "script")):
        [content] = re.findall(rf"<{tag}>(.*?)</{tag}>", WHOLE, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert allowed.pop(kind) == f"'sha256-{digest}'"
    assert allowed == {"base-uri": "'none'", "form-action": "'none'"}


def test_a_page_needs_nothing_but_itself() -> None:
    assert not re.search(r"""https?:|\bsrc=|\bhref=|@import|url\(|\bstyle=|\bon\w+=""", WHOLE)


def test_a_title_is_a_text_and_no_name_of_a_part() -> None:
    page = "".join(parts_of_page("<script>{{style}}</script>", Markup("{{script}}")))
    assert page.count("&lt;script&gt;{{style}}&lt;/script&gt;") == 2
    assert "\n{{script}}\n" in page


def test_pages_are_known_by_how_they_begin() -> None:
    assert GENERATOR in WHOLE[:200]
