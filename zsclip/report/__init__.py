"""A page of results: one HTML file with all that it shows, which needs no network.

Stands on the public surface: results in, a file out. Its markup is made by `zsclip.markup`.
"""

__all__: list[str] = []
