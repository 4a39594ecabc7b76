"""The pictures of a folder that are nearest to words and to pictures.

Stands on the public surface, and is loaded when it is first used.
"""

__all__: list[str] = []
