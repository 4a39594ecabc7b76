"""Results as tables of pandas and of Arrow.

Stands on the public surface, and is loaded when it is first used.
"""

__all__: list[str] = []
