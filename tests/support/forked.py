"""Lines for programs that tests run in processes of their own, which fork."""

from __future__ import annotations

__all__ = ["IN_CHILD"]

IN_CHILD = """
import os, sys


def in_child(work):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            sys.stderr.flush()
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
"""
"""Defines ``in_child``, which does something in a forked child and fails if that fails."""
