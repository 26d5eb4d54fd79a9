# ruff: noqa: INP001  (a script, not a package)
"""Build the API reference from the docstrings of the installed package, as static HTML.

Usage: python scripts/build_reference.py FOLDER. Needs no network. Fails on any warning, so that a
docstring that cannot be read or a name that cannot be found is noticed.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pdoc

from harmonium import testing

MODULES = (
    "harmonium",
    "harmonium.errors",
    "harmonium.limits",
    "harmonium.model",
    "harmonium.tokens",
    "harmonium.render",
    "harmonium.parse",
    "harmonium.testing",
    "harmonium.compat",
)


def build(folder: Path) -> None:
    """Write one page a module, an index and a search index into `folder`."""
    warnings.simplefilter("error")
    # pdoc looks annotations up in the module that a name says it comes from; where that has not
    # the names, it prints them as they are written, which is as good.
    warnings.filterwarnings("ignore", message="Error parsing type annotation")
    for name in testing.__all__:
        getattr(testing, name)  # strategies load on first use; pdoc sees what is loaded
    pdoc.render.configure(docformat="google", show_source=False, footer_text="harmonium")
    pdoc.pdoc(*MODULES, output_directory=folder)
    pages = len(list(folder.rglob("*.html")))
    sys.stdout.write(f"{pages} pages in {folder}\n")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
