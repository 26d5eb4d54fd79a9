# ruff: noqa: INP001  (a script, not a package)
"""Check of the built documentation: complete, self-contained, without dead links.

Usage: python scripts/check_site.py FOLDER. Fails when a public name of any package has no entry,
when a link inside the site leads nowhere, or when a page loads anything from elsewhere. Does not
build the site.
"""

from __future__ import annotations

import importlib
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
API = ROOT / "docs" / "reference" / "api"

_LOADED = {"img": "src", "link": "href", "script": "src", "iframe": "src", "source": "src"}
_NOT_LOADED = {"canonical", "next", "prev", "alternate"}
"""Relations of a <link> that a browser does not fetch."""


class Page(HTMLParser):
    """A page's anchors, its links, and what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one tag says."""
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        target = values.get(_LOADED.get(tag, ""))
        if target and values.get("rel") not in _NOT_LOADED:
            self.loaded.append(target)


def dead_links(pages: dict[Path, Page]) -> list[str]:
    """Return each link or picture of the site whose target is not there."""
    dead = []
    for path, page in pages.items():
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link.startswith("/"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            is_there = target.is_file() or (target / "index.html").is_file()
            anchors = pages[target].anchors if target in pages else None
            if not is_there or (parts.fragment and anchors and parts.fragment not in anchors):
                dead.append(f"{path.name}: {link}")
    return dead


def foreign(pages: dict[Path, Page]) -> list[str]:
    """Return what pages load from other places."""
    return [
        f"{path.name}: {target}"
        for path, page in pages.items()
        for target in page.loaded
        if urlsplit(target).netloc
    ]


def missing_names(pages: dict[Path, Page]) -> list[str]:
    """Return each public name that has no entry in the reference."""
    anchors = set().union(*(page.anchors for page in pages.values()))
    rooms = [path.stem for path in API.glob("*.md")]
    modules = [name if name == "harmonium" else f"harmonium.{name}" for name in rooms]
    names = {
        f"{module}.{name}"
        for module in modules
        for name in getattr(importlib.import_module(module), "__all__", ())
    }
    return sorted(names - anchors)


def main(folder: Path) -> int:
    """Report everything that is wrong; return 1 if anything is."""
    pages = {
        path.resolve(): Page(path.read_text("utf-8"))
        for path in sorted(folder.rglob("*.html"))
        if path.name != "404.html"  # its links begin at the root of a server
    }
    faults = {
        "dead link": dead_links(pages),
        "loaded from elsewhere": foreign(pages),
        "public name without an entry": missing_names(pages),
    }
    for fault, places in faults.items():
        for place in places:
            sys.stdout.write(f"{fault}: {place}\n")
    sys.stdout.write(f"{len(pages)} pages in {folder}\n")
    return int(not pages or any(faults.values()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
