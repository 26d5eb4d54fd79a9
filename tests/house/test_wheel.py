"""What is shipped: every file of the package, its types, its license, its command."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email import message_from_string
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"

CLIENT = """
from harmonium import Conversation, Event, Message, MessageEnded, load_encoding

encoding = load_encoding("o200k_harmony")
conversation = Conversation((Message.user("hi"),))
ids: list[int] = encoding.render(conversation, next_role="assistant", profile="legacy")
messages: list[Message] = encoding.parse(ids, role=None, policy="strict", tools=["f"])
parser = encoding.parser(role="assistant")
events: list[Event] = parser.feed(ids) + parser.feed(200007) + parser.close()
texts: list[str] = [event.message.text for event in events if isinstance(event, MessageEnded)]
reveal_type(encoding.decode(ids))
"""
MISUSE = "from harmonium import load_encoding\nload_encoding().parse(3)\n"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from this checkout, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        yield archive


def _package_files():
    files = (path for path in (SOURCE / "harmonium").rglob("*") if path.is_file())
    return {
        path.relative_to(SOURCE).as_posix() for path in files if "__pycache__" not in path.parts
    }


def test_the_wheel_has_every_file_of_the_package_and_no_other(wheel):
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == _package_files()


def test_the_data_files_are_among_them(wheel):
    names = wheel.namelist()
    assert "harmonium/testing/data/malformed.jsonl" in names
    assert "harmonium/py.typed" in names
    assert [name for name in names if name.startswith("harmonium/tokens/data/")]


def test_the_wheel_carries_its_license_and_says_so(wheel):
    (path,) = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    metadata = message_from_string(wheel.read(path).decode())
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert set(metadata.get_all("Provides-Extra")) == {
        "all",
        "compat",
        "local",
        "local-gguf",
        "openai",
        "otel",
        "server",
        "testing",
    }
    assert "Apache License" in wheel.read(path.replace("METADATA", "licenses/LICENSE")).decode()


def test_the_command_is_installed():
    (command,) = entry_points(group="console_scripts", name="harmonium")
    assert command.value == "harmonium.cli:main"


def _check_types(code, folder):
    script = folder / "client.py"
    script.write_text(code)
    return subprocess.run(  # noqa: S603
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", folder, script],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


def test_a_users_types_are_checked_against_ours(tmp_path):
    done = _check_types(CLIENT, tmp_path)
    assert 'Revealed type is "str"' in done.stdout
    assert done.returncode == 0, done.stdout


def test_a_users_type_error_is_found(tmp_path):
    done = _check_types(MISUSE, tmp_path)
    assert done.returncode == 1
    assert '"parse"' in done.stdout
