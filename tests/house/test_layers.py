"""Who imports whom: the rooms, the standard library where the core may not reach, lazy parts."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.house.sources import Import, imports, sources

GROUND = {"errors", "limits", "caching", "json_types"}
CORE = {"model", "tokens", "render", "parse"}
PUBLIC = GROUND | CORE | {"", "encoding"}

MAY_IMPORT = {
    "errors": set(),
    "json_types": set(),
    "limits": set(),
    "caching": {"errors", "limits"},
    "model": {"errors", "json_types", "limits"},
    "tokens": GROUND,
    "render": GROUND | {"model", "tokens"},
    "parse": GROUND | {"model", "tokens"},
    "encoding": GROUND | CORE,
    "presentation": set(),
    "": GROUND | CORE | {"encoding", "presentation"},
    "openai": GROUND | {"model", "render", "parse", "presentation"},
    "engines": GROUND | {"tokens"} | {"model", "parse", "encoding", "testing"},
    "gateway": PUBLIC | {"openai", "engines"},
    "compat": PUBLIC | {"openai"},
    "testing": PUBLIC,
    "cli": PUBLIC | {"openai", "gateway"},
    "__main__": {"cli"},
}
"""Room -> the rooms it may import besides itself; ``""`` is ``harmonium/__init__.py``."""

THIRD_PARTY = {
    "tokens": {"tiktoken"},
    "compat": {"openai", "pydantic", "pydantic_core", "typing_extensions"},
    "openai": {"cryptography", "openai"},
    "engines": {"httptools", "msgspec", "llama_cpp", "numpy", "onnxruntime_genai"},
    "gateway": {
        "httptools",
        "openai",
        "opentelemetry",
        "prometheus_client",
        "pydantic",
        "starlette",
        "uvicorn",
        "yaml",
    },
    "testing": {"hypothesis"},
    "cli": {"rich"},
}

READS_PROMPTS = "engines/demo/"
"""The engine that stands in for a model, and alone of all may know what tokens mean."""

SIDE_EFFECTS = {
    "asyncio", "datetime", "getpass", "http", "logging", "os", "pathlib", "platform", "random",
    "secrets", "select", "shutil", "signal", "socket", "ssl", "subprocess", "tempfile", "time",
    "urllib", "uuid", "zoneinfo",
}  # fmt: skip
"""Modules that bring in a clock, chance, a log, the environment, files or sockets."""

EXCEPTIONS = {
    "tokens/sources.py": {"os"},  # reads the variables that place vocabularies
    "tokens/download.py": {"os", "urllib", "http"},  # fetches a vocabulary when asked by name
    "tokens/files.py": {"os", "tempfile"},  # writes a file whole or not at all
    "tokens/bundle.py": {"os"},  # the bundled vocabulary is a file
    "tokens/registry.py": {"os"},  # and a user's own is named by its path
}
PURE = {"urllib.parse"}  # work on strings alone, whatever it is filed under
READS_ENVIRONMENT = {"tokens/sources.py"}


INNER_NAMES = {
    "harmonium.render.content",
    "harmonium.render.flat_messages",
    "harmonium.render.history",
    "harmonium.render.json_literals",
    "harmonium.render.prompt_cache",
}
"""Modules that a neighbour imports although a room is entered by its face: `compat` renders
another library's messages with the renderer's own parts. This list only shrinks."""


def _room(module: str) -> str:
    words = module.split(".")
    return words[1] if len(words) > 1 else ""


def _breaks_layers(found: Import) -> bool:
    if not f"{found.module}.".startswith("harmonium."):
        return False
    room = found.source.room
    return _room(found.module) not in MAY_IMPORT.get(room, set()) | {room}


def _reaches_out(found: Import) -> bool:
    return (
        found.source.room in CORE
        and found.module not in PURE
        and found.module.split(".")[0] in SIDE_EFFECTS
        and found.module.split(".")[0] not in EXCEPTIONS.get(found.source.place, set())
    )


def _is_foreign(found: Import) -> bool:
    top = found.module.split(".")[0]
    known = sys.stdlib_module_names | {"harmonium"} | THIRD_PARTY.get(found.source.room, set())
    return top not in known


def test_every_room_is_known():
    assert {source.room for source in sources()} <= set(MAY_IMPORT)


def test_no_room_imports_what_stands_above_or_beside_it():
    assert [str(found) for found in imports() if _breaks_layers(found)] == []


def test_engines_move_tokens_and_only_the_stand_in_for_a_model_reads_them():
    readers = {
        found.source.place
        for found in imports()
        if found.source.room == "engines"
        and found.module.startswith("harmonium.")
        and _room(found.module) not in GROUND | {"tokens", "engines"}
    }
    assert {place for place in readers if not place.startswith(READS_PROMPTS)} == set()
    assert readers


def _enters_by_a_window(found: Import) -> bool:
    words = found.module.split(".")
    return words[0] == "harmonium" and len(words) > 2 and words[1] != found.source.room


def test_a_room_is_entered_by_its_face():
    entered = {found.module for found in imports() if _enters_by_a_window(found)}
    assert entered - INNER_NAMES == set()
    assert INNER_NAMES - entered == set()


def test_the_core_has_no_clock_chance_log_environment_or_sockets():
    assert [str(found) for found in imports() if _reaches_out(found)] == []


def test_every_exception_for_the_core_is_still_needed():
    used = {
        (found.source.place, found.module.split(".")[0])
        for found in imports()
        if found.source.room in CORE
    }
    allowed = {(place, module) for place, modules in EXCEPTIONS.items() for module in modules}
    assert allowed - used == set()


def test_each_third_party_package_stays_in_its_room():
    assert [str(found) for found in imports() if _is_foreign(found)] == []


def test_heavy_packages_are_imported_where_they_are_used_not_at_the_top():
    heavy = {"cryptography", "tiktoken", "rich"}
    eager = [str(found) for found in imports() if found.module in heavy and not found.lazy]
    assert eager == []


def test_one_file_of_the_core_reads_the_environment():
    core = [source for source in sources() if source.room in CORE | {"encoding", ""}]
    readers = {source.place for source in core if source.names & {"os.environ", "os.getenv"}}
    assert readers == READS_ENVIRONMENT


def test_the_core_prints_nothing():
    core = [source for source in sources() if source.room in CORE | {"encoding", ""}]
    talkers = {source.place for source in core if source.names & {"print", "sys.stdout"}}
    assert talkers == set()


CLIENT = {"httptools", "msgspec"}
HEAVY = {"tiktoken", "rich", "pydantic", "hypothesis", "regex", "requests", "logging", "asyncio"}

PARSES = """
import harmonium
encoding = harmonium.load_encoding()
messages = encoding.parse([200005, 17196, 200008, 12194, 200002])
assert messages[0].text == "Hi", messages
"""


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import harmonium", HEAVY),
        ("import harmonium.parse", HEAVY),
        ("import harmonium.render", HEAVY),
        ("import harmonium.testing", HEAVY),
        ("import harmonium.openai", HEAVY | {"openai"}),
        (
            "import harmonium.engines",
            (HEAVY | {"httptools", "msgspec", "openai"}) - {"logging", "asyncio"},
        ),
        ("import harmonium.gateway", HEAVY | {"openai", "starlette", "uvicorn"}),
        ("import harmonium.cli", HEAVY - {"logging"}),
        (PARSES, HEAVY - {"logging"}),
    ],
)
def test_importing_and_parsing_load_nothing_heavy(code, absent):
    probe = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(  # noqa: S603  (our own code)
        [sys.executable, "-I", "-c", probe], capture_output=True, text=True, check=True
    )
    assert set(json.loads(done.stdout)) & absent == set()
