"""The label set ``art-styles`` for zsclip.

It is the file ``art-styles.toml`` beside this one. zsclip reads that file without importing
this package, which therefore holds no code.
"""
