import pytest

from tests.cli.harness import Command


@pytest.fixture
def command(capsys, monkeypatch):
    """The harmonium command, run inside the test."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return Command(capsys, monkeypatch)
