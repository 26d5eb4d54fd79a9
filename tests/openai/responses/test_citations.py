"""Citations are found in any split of the text, and nowhere else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harmonium.openai import Page
from harmonium.openai.responses import CitationFinder
from tests.growth import grows_linearly
from tests.openai.responses.running import split

PAGES = {3: Page("https://three", "Three"), 14: Page("https://fourteen")}
PIECES = st.sampled_from(
    [
        "【3†L5-L9】",
        "【14†L1】",
        "【4†L1】",
        "【x†L1】",
        "【3】",
        "【",
        "】",
        "†",
        "text ",
        "🎈",
        "【【3†L1】",
    ]
)


def _found(text, cuts=()):
    finder = CitationFinder(PAGES)
    return [found for piece in split(text, cuts) for found in finder.add(piece)]


@given(st.lists(PIECES, max_size=12).map("".join), st.lists(st.integers(0, 60), max_size=9))
def test_the_pieces_the_text_comes_in_make_no_difference(text, cuts):
    assert _found(text, cuts) == _found(text)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_every_citation_of_a_known_page_is_found_where_it_stands(text):
    for found in _found(text):
        marker = text[found["start_index"] : found["end_index"]]
        assert marker.startswith("【")
        assert marker.endswith("】")
        assert found["url"] == PAGES[int(marker[1 : marker.index("†")])].url
    assert len(_found(text)) == text.count("【3†") + text.count("【14†")


def test_a_citation_names_the_page():
    assert _found("So【14†L1】") == [
        {
            "type": "url_citation",
            "start_index": 2,
            "end_index": 9,
            "url": "https://fourteen",
            "title": "",
        }
    ]


def test_finding_is_linear_in_text_that_never_ends_a_citation():
    def feed(size):
        finder = CitationFinder(PAGES)
        for _ in range(size):
            finder.add("【3†L")
        finder.add("】")

    assert grows_linearly(feed, 20_000)
