"""How large things may grow, and what modules may not be called."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.sources import functions, sources

ROOT = Path(__file__).parents[2]
FILE_LINES = 400
FUNCTION_LINES = 40
POSITIONAL_PARAMETERS = 5
LEVELS = 3
PUBLISHED_SIGNATURES = {"compat/vllm/prompt.py:get_system_message"}
"""Functions whose parameters others have fixed."""
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc", "core"}
WHIMSICAL_NAMES = {
    "answer_form", "ending", "fitting", "forcing", "gate", "generating", "golden", "growing",
    "holding", "kept", "kinds", "listing", "node", "opening", "pacing", "plan", "readings",
    "recognition", "saying", "sealing", "showing", "spoken", "support", "tap", "unsent", "usual",
    "utterances", "waits", "whole", "wire", "writer",
}  # fmt: skip
"""Names that say less than the term of the field: no module is called so any more."""
EMPTY_VERBS = {
    "Own",
    "Give",
    "Gives",
    "Say",
    "Says",
    "Tell",
    "Tells",
    "Hold",
    "Holds",
    "Let",
    "Know",
}
PUBLISHED_DOCSTRINGS = {"Tell the weather of a city."}
"""Descriptions of tools, which a model reads."""

BLOCKS = (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match, ast.AsyncFor, ast.AsyncWith)


def _length(function):
    """Lines of a function without its decorators and its docstring."""
    total = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is None:
        return total
    return total - (first.end_lineno - first.lineno + 1)


def _positional(function):
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    return len([name for name in names if name not in {"self", "cls"}])


def _depth(node, parent=None):
    """How many blocks stand inside each other; an ``elif`` is on the level of its ``if``."""
    is_elif = isinstance(node, ast.If) and isinstance(parent, ast.If) and node in parent.orelse
    own = int(isinstance(node, BLOCKS) and not is_elif)
    return own + max((_depth(child, node) for child in ast.iter_child_nodes(node)), default=0)


def test_no_file_is_longer_than_its_limit():
    lengths = {source.place: source.text.count("\n") for source in sources()}
    assert {place: lines for place, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_longer_than_its_limit():
    lengths = {f"{source.place}:{node.name}": _length(node) for source, node in functions()}
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}


def test_no_function_takes_more_positional_parameters_than_its_limit():
    counts = {f"{source.place}:{node.name}": _positional(node) for source, node in functions()}
    excess = {name for name, n in counts.items() if n > POSITIONAL_PARAMETERS}
    assert excess == PUBLISHED_SIGNATURES


def test_no_function_nests_deeper_than_its_limit():
    depths = {f"{source.place}:{node.name}": _depth(node) for source, node in functions()}
    assert {name: depth for name, depth in depths.items() if depth > LEVELS} == {}


def test_no_module_has_a_name_that_says_nothing():
    assert [source.place for source in sources() if source.path.stem in VAGUE_NAMES] == []


def test_a_module_has_the_name_of_a_thing():
    assert [source.place for source in sources() if source.path.stem in WHIMSICAL_NAMES] == []


def test_every_file_says_what_it_is_for():
    assert [source.place for source in sources() if not ast.get_docstring(source.tree)] == []


def _docstrings(text):
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    found = (ast.get_docstring(n) for n in ast.walk(ast.parse(text)) if isinstance(n, documented))
    return {docstring for docstring in found if docstring} - PUBLISHED_DOCSTRINGS


def test_no_docstring_begins_with_a_verb_that_says_nothing():
    texts = [source.text for source in sources()]
    texts += [
        path.read_text("utf-8")
        for folder in ("benchmarks", "examples", "scripts", "tests")
        for path in (ROOT / folder).rglob("*.py")
    ]
    openings = {found for text in texts for found in _docstrings(text)}
    assert len(openings) > 1_000
    assert {found for found in openings if found.split()[0] in EMPTY_VERBS} == set()
