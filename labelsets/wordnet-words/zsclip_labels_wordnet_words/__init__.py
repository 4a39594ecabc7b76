"""The label set ``wordnet-words`` for zsclip.

It is the TOML file of this name beside this one. zsclip reads that file without importing this
package, which therefore holds no code.
"""
