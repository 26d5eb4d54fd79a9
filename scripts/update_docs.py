# ruff: noqa: INP001  (a script, not a package)
"""Bring the parts of docs/ that are drawn from the code up to date: errors, repairs, states.

Usage: python scripts/update_docs.py. A part stands between ``<!-- from the code: NAME -->`` and
``<!-- end -->``; a test fails while it differs from the code.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from harmonium import errors, limits
from harmonium.gateway import options
from harmonium.openai import ADAPTATIONS, DESTINATIONS
from harmonium.openai.chat import ANSWER_FIELDS, NESTED_FIELDS, SERVER_FIELDS, Field
from harmonium.openai.chat import FIELDS as CHAT_FIELDS
from harmonium.openai.responses import FIELDS as RESPONSES_FIELDS
from harmonium.openai.responses import ITEM_KINDS, TOOL_KINDS
from harmonium.openai.responses.answer.items import ITEM_LIFECYCLES, ItemLifecycle
from harmonium.parse import DEVIATIONS, TRANSITIONS

DOCS = Path(__file__).parents[1] / "docs"
_PART = re.compile(r"(<!-- from the code: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def updated(page: str) -> str:
    """Return the text of a page with every generated part up to date."""
    return _PART.sub(lambda part: f"{part[1]}\n{_DRAWN[part[2]]()}\n\n{part[3]}", page)


def _repairs() -> str:
    rows = (f"| `{code}` | {meaning} |" for code, meaning in sorted(DEVIATIONS.items()))
    return "\n".join(["| code | what was found |", "|---|---|", *rows])


def _errors() -> str:
    rows = _class_rows(errors.HarmoniumError)
    return "\n".join(["| class | code | status | when |", "|---|---|---|---|", *rows])


def _class_rows(kind: type[errors.HarmoniumError], depth: int = 0) -> Iterator[str]:
    meaning = str(kind.__doc__).splitlines()[0]
    indent = "&emsp;" * depth
    yield f"| {indent}`{kind.__name__}` | `{kind.code}` | {kind.http_status} | {meaning} |"
    for child in kind.__subclasses__():
        if child.__module__.partition(".")[0] == "harmonium" and child.__name__ in vars(errors):
            yield from _class_rows(child, depth + 1)


def _states() -> str:
    head = ["| state | token | action | next state | deviates |", "|---|---|---|---|---|"]
    rows = (
        f"| `{state}` | {token.value} | `{transition.action}` |"
        f" {' or '.join(f'`{target}`' for target in transition.to)} |"
        f" {'yes' if transition.deviates else ''} |"
        for (state, token), transition in TRANSITIONS.items()
    )
    return "\n".join([*head, *rows])


def _commands() -> str:
    # argparse asks the terminal for its width, and wraps by it.
    words = ["", "render", "parse", "convert", "tokens", "serve", "doctor"]
    return "\n\n".join(_help(word) for word in words)


def _help(command: str) -> str:
    title = f"harmonium {command}".strip()
    run = [sys.executable, "-m", "harmonium", *command.split(), "--help"]
    told = subprocess.run(  # noqa: S603  (our own command)
        run, env=os.environ | {"COLUMNS": "80"}, capture_output=True, text=True, check=True
    )
    return f"## {title}\n\n```text\n{told.stdout.rstrip()}\n```"


def _routes() -> str:
    rows = (
        f"| {to.recipient} | {to.channel} | {to.chat} | {to.responses or 'nothing'} |"
        for to in DESTINATIONS.values()
    )
    head = ["| recipient | channel | in chat | in responses |", "|---|---|---|---|"]
    return "\n".join([*head, *rows])


def _chat_fields(fields: Mapping[str, Field] = CHAT_FIELDS) -> str:
    rows = (f"| `{name}` | {f.treatment} | {f.effect} |" for name, f in fields.items())
    return "\n".join(["| field | becomes of it | what |", "|---|---|---|", *rows])


def _effects(fields: Mapping[str, str]) -> str:
    rows = (f"| `{name}` | {effect} |" for name, effect in fields.items())
    return "\n".join(["| field | what |", "|---|---|", *rows])


def _responses_fields() -> str:
    rows = (f"| `{field.name}` | {field.effect} |" for field in RESPONSES_FIELDS)
    return "\n".join(["| field | what happens |", "|---|---|", *rows])


def _responses_items() -> str:
    rows = (f"| `{kind}` | {effect} |" for kind, effect in ITEM_KINDS.items())
    return "\n".join(["| item | in the conversation |", "|---|---|", *rows])


def _responses_tools() -> str:
    rows = (f"| `{kind}` | {effect} |" for kind, effect in TOOL_KINDS.items())
    return "\n".join(["| tool | what happens |", "|---|---|", *rows])


def _responses_lives() -> str:
    rows = (
        f"| `{life.item}`{' that refuses' if kind == 'refusal' else ''} | {_life(life)} |"
        for kind, life in ITEM_LIFECYCLES.items()
        if kind != "preamble"
    )
    return "\n".join(["| item | its events between `added` and `done` |", "|---|---|", *rows])


def _life(life: ItemLifecycle) -> str:
    begins, runs, ran, failed = life.stages
    part = "response.content_part"
    names = [begins, life.part and f"{part}.added"]
    if life.delta:
        names += [f"{life.delta}.delta", f"{life.delta}.done"]
    names += [life.part and f"{part}.done", runs, ran and " or ".join(filter(None, [ran, failed]))]
    return ", ".join(name.replace("response.", "") for name in names if name) or "none"


def _settings() -> str:
    rows = (
        f"| `{option.name}` | {_shown(option.default)} | {option.meaning} |" for option in options()
    )
    return "\n".join(["| setting | default | what |", "|---|---|---|", *rows])


def _shown(default: object) -> str:
    """Show a default in a table; nothing for one that says nothing."""
    words = ", ".join(default) if isinstance(default, tuple) else default
    return "" if default is None or words == "" or words is False else f"`{words}`"


def _engine_limits() -> str:
    tree = ast.parse(inspect.getsource(limits))
    body = next(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    reasons = {
        ast.unparse(field.target): " ".join(str(ast.literal_eval(ast.unparse(text))).split())
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
    }
    rows = (
        f"| `{name}` | {getattr(limits.DEFAULT_LIMITS, name):,} | {reason} |"
        for name, reason in reasons.items()
        if name.startswith("engine_")
    )
    return "\n".join(["| limit | default | what for |", "|---|---|---|", *rows])


def _adaptations() -> str:
    rows = (f"| `{code}` | {what} |" for code, what in ADAPTATIONS.items())
    return "\n".join(["| code | what is done |", "|---|---|", *rows])


_DRAWN: Mapping[str, Callable[[], str]] = {
    "adaptations": _adaptations,
    "chat_server_fields": lambda: _chat_fields(SERVER_FIELDS),
    "chat_answer": lambda: _effects(ANSWER_FIELDS),
    "chat_fields": _chat_fields,
    "chat_nested": lambda: _effects(NESTED_FIELDS),
    "commands": _commands,
    "engine_limits": _engine_limits,
    "errors": _errors,
    "repairs": _repairs,
    "responses_fields": _responses_fields,
    "responses_items": _responses_items,
    "responses_lives": _responses_lives,
    "responses_tools": _responses_tools,
    "routes": _routes,
    "settings": _settings,
    "states": _states,
}


def pictures() -> Mapping[Path, str]:
    """Return the pictures that are drawn from the code, by where they stand."""
    here = Path(__file__)
    drawn = runpy.run_path(str(here.with_name("diagrams.py")))
    terminal = runpy.run_path(str(here.with_name("terminal_picture.py")))
    return {
        DOCS / "broken-output.svg": terminal["broken_output_svg"](),
        DOCS / "explanation" / "states.svg": drawn["states_svg"](),
        DOCS / "explanation" / "request.svg": drawn["request_svg"](),
    }


def main() -> None:
    """Rewrite the pages and pictures that are out of date."""
    for path, text in pictures().items():
        path.write_text(text, "utf-8")
    for path in sorted(DOCS.rglob("*.md")):
        old = path.read_text("utf-8")
        new = updated(old)
        if new != old:
            path.write_text(new, "utf-8")
            sys.stdout.write(f"updated {path.name}\n")


if __name__ == "__main__":
    main()
