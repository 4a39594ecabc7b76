"""A classifier as a service: a page to try it, and an API under it.

Requests that come together are computed together. What strangers send is bounded in bytes, pixels,
time and number before anything is computed. Stands on the public surface; Starlette and uvicorn
come with the extra ``serve`` and are loaded when a service is made.
"""

from __future__ import annotations

from zsclip.serve.limits import Limits
from zsclip.serve.serving import create_app, run

__all__ = ["Limits", "create_app", "run"]
