"""A classifier on a cluster: Ray Data's datasets in, datasets out.

The classifier travels pickled, and its tower is loaded once in each actor. Which rows are done is
Ray's own business (checkpoints, two-phase commit); what is set up here is that it works. Stands on
the public surface; Ray comes with the extra ``ray`` and is loaded when a dataset is asked for.
"""

from __future__ import annotations
