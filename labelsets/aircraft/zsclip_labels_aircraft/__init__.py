"""The label set ``aircraft`` for zsclip.

It is the file ``aircraft.toml`` beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
