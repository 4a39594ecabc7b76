"""The label set ``photo-or-not`` for zsclip.

It is the file ``photo-or-not.toml`` beside this one. zsclip reads that file without importing
this package, which therefore holds no code.
"""
