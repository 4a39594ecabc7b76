"""Pictures put into a folder for each label: a plan, what carries it out, and the way back.

Stands on the public surface: results in, files copied, linked or moved, none ever replaced.
"""

__all__: list[str] = []
