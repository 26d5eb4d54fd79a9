"""Every example of the docstrings and of the pages is run, and says what it is said to say."""

from __future__ import annotations

import ast
import doctest
import importlib
import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.sources import sources

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
DOCUMENTED = [source for source in sources() if ">>> " in source.text]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#:]+)(?:#[^)]*)?\)")
# Rooms inside a room, whose names its face has or which only the face opens.
INNER_ROOMS = {"cli", "engines.demo", "engines.local", "testing.damage"}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def _blocks(kind):
    return [
        pytest.param(found[2], id=f"{page.stem}-{index}")
        for page in PAGES
        for index, found in enumerate(BLOCK.finditer(page.read_text("utf-8")))
        if found[1] == kind
    ]


def _failures(tests):
    """Run doctests; give what they printed about failures."""
    told = []
    for test in tests:
        doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(
            test, out=told.append, clear_globs=False
        )
    return "".join(told)


def _docstrings(source):
    """Every docstring of a module that shows an example, with the name it belongs to."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text and ">>> " in text:
                yield getattr(node, "name", "module"), text


@pytest.mark.parametrize("source", DOCUMENTED, ids=lambda source: source.name)
def test_the_examples_of_a_module_say_what_they_give(source):
    names = vars(importlib.import_module(source.name))
    parser = doctest.DocTestParser()
    tests = [
        parser.get_doctest(text, dict(names), name, source.place, 0)
        for name, text in _docstrings(source)
    ]
    assert tests
    assert _failures(tests) == ""


def test_every_page_exists_and_shows_something():
    assert [page.name for page in PAGES if not page.read_text("utf-8").strip()] == []
    assert _blocks("console")
    assert [page.name for page in PAGES if ">>> " in page.read_text("utf-8")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_of_a_page_says_what_it_gives(page):
    names = {}
    parser = doctest.DocTestParser()
    code = [found[2] for found in BLOCK.finditer(page.read_text("utf-8")) if found[1] == "python"]
    tests = [parser.get_doctest(block, names, page.name, None, 0) for block in code]
    for test in tests:
        test.globs = names
    assert _failures(tests) == ""


@pytest.mark.parametrize("code", _blocks("console"))
def test_the_commands_of_a_page_print_what_it_says(code):
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", code, re.MULTILINE):
        assert _output(command) == expected


def _output(command):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    plain = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    done = subprocess.run(  # noqa: S602  (the pages are ours)
        command,
        shell=True,
        cwd=ROOT,
        env=plain | {"PATH": path, "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_draws_from_the_code_is_what_the_code_says(page):
    script = runpy.run_path(str(ROOT / "scripts" / "update_docs.py"))
    text = page.read_text("utf-8")
    assert script["updated"](text) == text


def test_every_part_that_the_script_draws_stands_on_a_page():
    script = runpy.run_path(str(ROOT / "scripts" / "update_docs.py"))
    marks = {
        mark for page in PAGES for mark in re.findall(r"from the code: (\w+)", page.read_text())
    }
    assert marks == set(script["_DRAWN"])


def test_the_pictures_are_those_that_the_code_draws():
    script = runpy.run_path(str(ROOT / "scripts" / "update_docs.py"))
    drawn = script["pictures"]()
    assert {path: path.read_text("utf-8") for path in drawn} == dict(drawn)


def test_every_page_stands_in_the_navigation():
    site = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))
    named = set(re.findall(r"'([^']+\.md)'", str(site["project"]["nav"])))
    docs = ROOT / "docs"
    assert named == {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}


def test_the_reference_has_a_page_for_every_package_with_public_names():
    pages = {page.stem for page in (ROOT / "docs" / "reference" / "api").glob("*.md")}
    rooms = {
        source.name.removeprefix("harmonium.")
        for source in sources()
        if source.path.name == "__init__.py" and "\n__all__ = " in source.text
    }
    assert rooms - pages == INNER_ROOMS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page):
    targets = LINK.findall(page.read_text("utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_no_page_or_source_names_a_place_of_one_machine():
    files = [*PAGES, *(source.path for source in sources()), *sorted((ROOT / "examples").glob("*"))]
    places = re.compile(f"{re.escape(str(ROOT))}|{re.escape(str(Path.home()))}|/(?:tmp|home)/")
    named = [path.name for path in files if places.search(path.read_text())]
    assert named == []


def test_contributing_names_files_that_exist():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    named = set(re.findall(r"`((?:src|tests|scripts|docs|examples)/[\w./-]+)`", text))
    assert len(named) > 30
    assert {path for path in named if not (ROOT / path).exists()} == set()
