"""The label set ``satellite`` for zsclip.

It is the file ``satellite.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
