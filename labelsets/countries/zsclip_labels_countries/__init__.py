"""The label set ``countries`` for zsclip.

It is the file ``countries.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
