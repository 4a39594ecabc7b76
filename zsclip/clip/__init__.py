"""CLIP itself: shapes and arithmetic, tokens, pixels. Knows no file of weights and no network."""
