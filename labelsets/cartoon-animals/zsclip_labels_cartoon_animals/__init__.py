"""The label set ``cartoon-animals`` for zsclip.

It is the file ``cartoon-animals.toml`` beside this one. zsclip reads that file without importing
this package, which therefore holds no code.
"""
