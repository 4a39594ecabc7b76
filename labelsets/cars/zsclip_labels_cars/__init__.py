"""The label set ``cars`` for zsclip.

It is the file ``cars.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
