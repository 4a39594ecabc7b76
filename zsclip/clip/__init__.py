"""CLIP itself: architecture, tokens, pixels, checkpoints. The only room that knows their formats.

Import from the modules; `zsclip.clip.models` and `zsclip.clip.download` load without torch.
"""
