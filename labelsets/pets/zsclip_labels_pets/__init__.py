"""The label set ``pets`` for zsclip.

It is the file ``pets.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
