"""The label set ``flowers102`` for zsclip.

It is the file ``flowers102.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
