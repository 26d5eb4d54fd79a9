"""The package's own source files, as the house tests read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import harmonium

PACKAGE = Path(harmonium.__file__).parent


@dataclass(frozen=True)
class Source:
    """One module: its dotted name, its text and its syntax tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The part of the package it belongs to: ``model`` for ``harmonium.model.names``."""
        words = self.name.split(".")
        return words[1] if len(words) > 1 else ""

    @property
    def place(self) -> str:
        """The path inside the package, such as ``tokens/table.py``."""
        return self.path.relative_to(PACKAGE).as_posix()

    @property
    def names(self) -> set[str]:
        """Every name and attribute its code uses, such as ``print`` and ``os.environ``."""
        used = (node for node in ast.walk(self.tree) if isinstance(node, ast.Name | ast.Attribute))
        return {ast.unparse(node) for node in used}

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"


@dataclass(frozen=True)
class Import:
    """One imported module: by whom, which, on what line, and whether only when a function runs."""

    source: Source
    module: str
    line: int
    lazy: bool

    def __str__(self) -> str:
        return f"{self.source.place}:{self.line} imports {self.module}"


@cache
def sources() -> tuple[Source, ...]:
    return tuple(_read(path) for path in sorted(PACKAGE.rglob("*.py")))


def _read(path: Path) -> Source:
    words = ["harmonium", *path.relative_to(PACKAGE).with_suffix("").parts]
    text = path.read_text("utf-8")
    name = ".".join(word for word in words if word != "__init__")
    return Source(name, path, text, ast.parse(text))


@cache
def imports() -> tuple[Import, ...]:
    return tuple(found for source in sources() for found in _imports_of(source))


def _imports_of(source: Source) -> Iterator[Import]:
    lazy = {
        id(node)
        for outer in ast.walk(source.tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef) or _is_for_types(outer)
        for node in ast.walk(outer)
    }
    for node in ast.walk(source.tree):
        for module in _modules_of(node, source):
            yield Import(source, module, node.lineno, id(node) in lazy)


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _modules_of(node: ast.AST, source: Source) -> list[str]:
    """A name imported from a package may be a module of it, so both are given."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    home = source.name.split(".") if source.is_package else source.name.split(".")[:-1]
    stem = home[: len(home) - node.level + 1] if node.level else []
    base = ".".join([*stem, *([node.module] if node.module else [])])
    known = {found.name for found in sources()}
    inner = [f"{base}.{alias.name}" for alias in node.names]
    return [base, *(name for name in inner if name in known)]


def functions() -> Iterator[tuple[Source, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for source in sources():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield source, node
