"""The label set ``everyday`` for zsclip.

It is the file ``everyday.toml`` beside this one. zsclip reads that file without importing
this package, which therefore holds no code.
"""
