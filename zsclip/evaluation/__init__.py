"""Was it right? Metrics of predictions whose truth is known, and whether two classifiers differ.

Knows results and arrays, and nothing of models or pictures.
"""
