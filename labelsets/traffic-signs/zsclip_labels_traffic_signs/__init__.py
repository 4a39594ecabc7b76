"""The label set ``traffic-signs`` for zsclip.

It is the file ``traffic-signs.toml`` beside this one. zsclip reads that file without importing
this package, which therefore holds no code.
"""
