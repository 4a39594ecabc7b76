"""The label set ``faces`` for zsclip.

It is the file ``faces.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
