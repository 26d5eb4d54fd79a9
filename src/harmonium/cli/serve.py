"""The command ``harmonium serve``. Its flags are the settings of the gateway."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from harmonium.cli.arguments import Subcommands, add_command
from harmonium.cli.terminal import Terminal
from harmonium.errors import InvalidInputError
from harmonium.gateway import Option, Settings, load_settings, options

if TYPE_CHECKING:
    from harmonium.gateway import Service

_EXAMPLES = """\
  harmonium serve
  harmonium serve --engine vllm:http://127.0.0.1:8001 --model gpt-oss-20b
  harmonium serve --config gateway.toml --check

Every flag can also be set as an environment variable (HARMONIUM_MAX_TOKENS) or in the
configuration file (max_tokens).
"""


def add(commands: Subcommands) -> None:
    """Add the command and its flags."""
    summary = "serve OpenAI's APIs in front of an engine"
    parser = add_command(commands, "serve", summary, _EXAMPLES, encoding=False)
    parser.add_argument("--config", metavar="FILE", help="settings in TOML or YAML")
    parser.add_argument(
        "--check", action="store_true", help="check all settings and keys, then exit"
    )
    parser.add_argument(
        "--check-engine", action="store_true", help="check the engines as well: one token of each"
    )
    for option in options():
        _add_flag(parser, option)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Check the settings, then serve unless ``--check`` was given."""
    flags = {option.name: getattr(arguments, option.name) for option in options()}
    given = {name: text for name, text in flags.items() if text is not None}
    settings = load_settings(given, os.environ, arguments.config)
    try:
        from harmonium.gateway import make_service, serve  # noqa: PLC0415  (of the extra)
    except ModuleNotFoundError as error:
        message = f"package {error.name} is missing: pip install 'harmonium[server]'"
        raise InvalidInputError(message, code="extra_missing") from None
    service = make_service(settings, os.environ)
    if arguments.check_engine:
        _check_engines(service, terminal)
        return 0
    if arguments.check:
        terminal.write("settings and keys are valid\n")
        return 0
    is_open = service.keys.is_open
    serve(settings, os.environ, lambda port: terminal.remark(_line(settings, port, is_open)))
    return 0


def _check_engines(service: Service, terminal: Terminal) -> None:
    """Check every engine of every model, and print a line for each.

    Raises:
        EngineError: the first error of one that cannot serve.

    """
    import asyncio  # noqa: PLC0415  (slow to load, and nothing else here needs it)

    reports = asyncio.run(service.check_engines())
    for report in reports:
        terminal.write(f"{report.name}: {'ok' if report.error is None else report.error}\n")
    for report in reports:
        if report.error is not None:
            raise report.error


def _line(settings: Settings, port: int, is_open: bool) -> str:  # noqa: FBT001  (one caller)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    told = [f"http://{host}:{port}", f"engine {', '.join(settings.engine)}"]
    if settings.engine == ("demo",):
        told.append("no model: the demo engine answers (use --engine for a real one)")
    told.append("no API key required" if is_open else "API key required")
    return "; ".join(told)


def _add_flag(parser: argparse.ArgumentParser, option: Option) -> None:
    if option.kind is bool:
        parser.add_argument(
            option.flag,
            dest=option.name,
            nargs="?",
            const="true",
            metavar="BOOL",
            help=_help(option),
        )
        return
    kind = "A,B" if option.kind is tuple else option.kind.__name__.upper()
    metavar = "|".join(option.words) if option.words else kind
    parser.add_argument(option.flag, dest=option.name, metavar=metavar, help=_help(option))


def _help(option: Option) -> str:
    default = option.default
    shown = ", ".join(default) if isinstance(default, tuple) else default
    told = "" if shown in {None, "", False} else f"; default: {shown}"
    return f"{option.meaning}{told}".replace("%", "%%")
