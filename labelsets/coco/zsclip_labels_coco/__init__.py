"""The label set ``coco`` for zsclip.

It is the file ``coco.toml`` beside this one. zsclip reads that file without importing
this package, which therefore holds no code.
"""
