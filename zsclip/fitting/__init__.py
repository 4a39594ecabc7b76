"""What is fitted on embeddings, or on the logits of them, and truth: a small frozen value each.

scikit-learn does it where it has the method (the extra ``zsclip[fit]``). Nothing here is loaded
before something is to be learnt.
"""
