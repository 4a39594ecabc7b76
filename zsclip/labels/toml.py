"""From the bytes of a file to a table: TOML in UTF-8, and no input that stops the process."""

from __future__ import annotations

import re
import tomllib
from typing import Any

__all__ = ["read_toml"]

# For a key of n parts tomllib needs memory and time that grow with the square of n and faster, so a
# file of 200 kB could stop a process. No part of a label set is nested that deeply.
_PART = r"""(?:(?<![\w-])[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_KEY_CHAIN = re.compile(rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{99}}")


def read_toml(data: bytes) -> dict[str, Any] | str:
    """The table that a TOML file holds, or the reason why it holds none (rule R1)."""
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            reason = "is UTF-16. Save it as UTF-8."
        elif data.startswith(b"\xef\xbb\xbf"):
            reason = "starts with a byte-order mark. Save it as UTF-8 without one."
        else:
            text = data.decode("utf-8")
            if not _KEY_CHAIN.search(text):
                return tomllib.loads(text)
            reason = "chains a hundred keys with dots. Remove the nesting."
    except UnicodeDecodeError as error:
        found = f"byte 0x{data[error.start]:02x} at offset {error.start}"
        reason = f"is not UTF-8 ({found}). Save it as UTF-8."
    except RecursionError:
        reason = "nests its values too deeply to be read. Remove the nesting."
    except ValueError as error:  # TOMLDecodeError, and integers of more digits than Python reads
        reason = f"is not TOML: {str(error).rstrip('.')}. Correct it there."
    return reason
