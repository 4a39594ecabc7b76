"""The label sets ``imagenet-ar``, ``imagenet-zh`` and ``imagenet-ja`` for zsclip.

Each is the TOML file of its name beside this one. zsclip reads these files without importing this
package, which therefore holds no code.
"""
