"""``zsclip`` on the command line, also as ``python -m zsclip``."""

from __future__ import annotations


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from zsclip.cli import cli

        cli(prog_name="zsclip")
    except KeyboardInterrupt:  # before or after the command itself, which handles its own
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
