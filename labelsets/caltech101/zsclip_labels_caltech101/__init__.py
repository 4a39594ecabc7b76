"""The label set ``caltech101`` for zsclip.

It is the file ``caltech101.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
