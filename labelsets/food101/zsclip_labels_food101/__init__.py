"""The label set ``food101`` for zsclip.

It is the file ``food101.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
