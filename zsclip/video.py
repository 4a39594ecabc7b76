"""Frames of a video as pictures, and what is in the whole of it.

Stands on the public surface, and is loaded when it is first used.
"""

__all__: list[str] = []
