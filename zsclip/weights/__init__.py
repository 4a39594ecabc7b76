"""Where weights come from and what they are: the table of models, transfer, files, checkpoints.

The only room that knows the formats of checkpoints. `models` and `download` load without torch.
"""
