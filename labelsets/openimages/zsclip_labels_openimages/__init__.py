"""The label set ``openimages`` for zsclip.

It is the file ``openimages.toml`` beside this one. zsclip reads that file without importing
this package, which therefore holds no code.
"""
