"""What the check of the built documentation finds, on small sites."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

CHECK = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "check_site.py"))


def _pages(folder, **texts):
    paths = {folder / f"{name}.html": text for name, text in texts.items()}
    for path, text in paths.items():
        path.write_text(text)
    return {path: CHECK["Page"](text) for path, text in paths.items()}


def test_links_to_pages_and_anchors_that_are_there_are_fine(tmp_path):
    pages = _pages(
        tmp_path, a='<a href="b.html#here">b</a><a href="#top" id="top"></a>', b='<p id="here">'
    )
    assert CHECK["dead_links"](pages) == []


@pytest.mark.parametrize("link", ["gone.html", "b.html#gone"])
def test_a_link_to_a_page_or_an_anchor_that_is_not_there_is_dead(tmp_path, link):
    pages = _pages(tmp_path, a=f'<a href="{link}">b</a>', b='<p id="here">')
    assert CHECK["dead_links"](pages) == [f"a.html: {link}"]


def test_a_script_of_another_host_is_foreign_and_a_link_to_it_is_not(tmp_path):
    pages = _pages(
        tmp_path, a='<script src="https://x.test/a.js"></script><a href="https://x.test/">x</a>'
    )
    assert CHECK["foreign"](pages) == ["a.html: https://x.test/a.js"]


def test_a_name_without_an_entry_is_missing(tmp_path):
    pages = _pages(tmp_path, a='<h2 id="harmonium.Message">')
    missing = CHECK["missing_names"](pages)
    assert "harmonium.Message" not in missing
    assert "harmonium.Conversation" in missing
