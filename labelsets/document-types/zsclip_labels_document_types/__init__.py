"""The label set ``document-types`` for zsclip.

It is the file ``document-types.toml`` beside this one. zsclip reads that file without importing
this package, which therefore holds no code.
"""
