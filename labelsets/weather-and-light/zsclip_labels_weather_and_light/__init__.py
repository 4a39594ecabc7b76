"""The label set ``weather-and-light`` for zsclip.

It is the file ``weather-and-light.toml`` beside this one. zsclip reads that file without importing
this package, which therefore holds no code.
"""
