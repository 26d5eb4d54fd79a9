"""The command ``harmonium``: one file a command. May import anything public; nothing imports it."""

from harmonium.cli.program import main

__all__ = ["main"]
