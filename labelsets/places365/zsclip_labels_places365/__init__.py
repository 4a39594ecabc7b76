"""The label set ``places365`` for zsclip.

It is the file ``places365.toml`` beside this one. zsclip reads that file without importing
this package, which therefore holds no code.
"""
