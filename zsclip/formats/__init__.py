"""Models as they lie in files: archives, safetensors, folders, and the configurations beside them.

The only room that knows how the field's programs lay a model out: what is read becomes tensors by
their names in OpenAI's layout, and a `zsclip.clip.Recipe`. All of it comes from strangers: nothing
in it is run, and everything has bounds.
"""
