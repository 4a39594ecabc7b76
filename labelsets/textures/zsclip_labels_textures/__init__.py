"""The label set ``textures`` for zsclip.

It is the file ``textures.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
