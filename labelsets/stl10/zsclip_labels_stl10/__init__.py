"""The label set ``stl10`` for zsclip.

It is the file ``stl10.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
