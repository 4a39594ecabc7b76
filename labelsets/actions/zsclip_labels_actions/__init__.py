"""The label set ``actions`` for zsclip.

It is the file ``actions.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
