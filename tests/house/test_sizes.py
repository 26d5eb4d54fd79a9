"""How large things may grow, and what modules may not be called."""

from __future__ import annotations

import ast

from tests.house.sources import functions, sources

FILE_LINES = 400
FUNCTION_LINES = 40
POSITIONAL_PARAMETERS = 5
LEVELS = 3
PUBLISHED_SIGNATURES = {"compat/vllm/prompt.py:get_system_message"}
"""Functions whose parameters others have fixed."""
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc", "core"}

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


def test_every_file_says_what_it_owns():
    assert [source.place for source in sources() if not ast.get_docstring(source.tree)] == []
