"""Each requirement names tests that exist, and each test of this folder is named by one."""

import ast
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
MANIFEST = tomllib.loads(
    (HERE.parents[1] / "data" / "openai_requirements_vllm.toml").read_text("utf-8")
)
REQUIREMENTS = MANIFEST["requirement"]


def written():
    files = [path for path in HERE.glob("test_*.py") if path != Path(__file__)]
    return {
        f"{path.stem}::{node.name}"
        for path in files
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_requirement_says_its_source_its_rule_and_its_tests():
    assert REQUIREMENTS
    assert [set(found) for found in REQUIREMENTS if set(found) != {"source", "rule", "tests"}] == []
    assert [found["rule"] for found in REQUIREMENTS if not found["tests"]] == []


def test_every_named_test_exists_and_every_test_is_named():
    named = [test for found in REQUIREMENTS for test in found["tests"]]
    assert set(named) == written()
    assert len(named) == len(set(named))
