"""Figures of predictions, similarities and evaluations, drawn by matplotlib.

Stands on the public surface, and is loaded when it is first used.
"""

__all__: list[str] = []
