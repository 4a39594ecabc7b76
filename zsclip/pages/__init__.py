"""What zsclip's pages have in common: how one is put together, its policy, and its look.

A page is one answer or one file: a template with names between double braces, with its style and
script in it, and a policy that lets these two run by their hashes and nothing else. `base.css` and
`base.js` stand before a page's own. Texts that strangers wrote get into a page through
`zsclip.markup`, as JSON by `as_data`, or by a script that shows them as texts.
"""

from __future__ import annotations

from zsclip.pages.parts import as_data, filled, hash_of, part, policy, script_of, style_of

__all__ = ["as_data", "filled", "hash_of", "part", "policy", "script_of", "style_of"]
