"""A vocabulary is fetched only when asked for by name, and only the right one is kept."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harmonium.errors import InvalidInputError, VocabularyError
from harmonium.limits import Limits
from harmonium.tokens import download, download_vocabulary
from harmonium.tokens.sources import PUBLIC_VOCABULARIES, PublicVocabulary, load_public
from harmonium.tokens.vocabulary import ListedVocabulary, write_tiktoken


class Handler(BaseHTTPRequestHandler):
    """Answer by path as the server's `answers` say: a status, a promised length, a body."""

    def do_GET(self):
        status, length, body = self.server.answers[self.path]
        self.server.asked.append(self.path)
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if status in (301, 302):
            self.send_header("Location", body.decode())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Write nothing to stderr."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.answers, running.asked = {}, []
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def tiny(byte_ranks, monkeypatch):
    text = write_tiktoken(ListedVocabulary(byte_ranks))
    public = PublicVocabulary("tiny", hashlib.sha256(text).hexdigest())
    monkeypatch.setitem(PUBLIC_VOCABULARIES, "tiny", public)
    return text


def _location(server):
    return f"http://127.0.0.1:{server.server_port}/"


def test_a_fetched_vocabulary_is_written_and_found(server, tiny, tmp_path, byte_ranks):
    server.answers["/tiny.tiktoken"] = (200, len(tiny), tiny)
    path = download_vocabulary("tiny", location=_location(server))
    assert path == str(tmp_path / "cache" / "harmonium" / "tiny.tiktoken")
    assert load_public("tiny").ranks() == byte_ranks
    assert server.asked == ["/tiny.tiktoken"]


def test_it_goes_into_the_folder_that_is_named(server, tiny, tmp_path):
    server.answers["/tiny.tiktoken"] = (200, None, tiny)
    path = download_vocabulary("tiny", tmp_path / "a" / "b", location=_location(server))
    assert path == str(tmp_path / "a" / "b" / "tiny.tiktoken")
    assert (tmp_path / "a" / "b" / "tiny.tiktoken").read_bytes() == tiny
    assert [entry.name for entry in (tmp_path / "a" / "b").iterdir()] == ["tiny.tiktoken"]


def _wrong_answers(text):
    return {
        "other content": (200, len(text), text[:-1] + b"\x00"),
        "cut off, as long as was said": (200, 50, text[:50]),
        "cut off, shorter than was said": (200, len(text), text[:50]),
        "cut off without a length": (200, None, text[:50]),
        "nothing": (200, 0, b""),
        "not found": (404, 4, b"gone"),
        "server error": (500, 0, b""),
        "too large": (200, None, text * 2),
        "redirect to a file": (302, 0, b"file:///etc/hostname"),
        "redirect without end": (302, 0, b"/tiny.tiktoken"),
    }


CODES = {
    "other content": "vocabulary_digest",
    "cut off, as long as was said": "vocabulary_digest",
    "cut off without a length": "vocabulary_digest",
    "nothing": "vocabulary_digest",
}


@pytest.mark.parametrize("wrong", _wrong_answers(b""))
def test_a_wrong_answer_is_an_error_and_nothing_is_kept(wrong, server, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "DEFAULT_LIMITS", Limits(vocabulary_bytes=len(tiny)))
    server.answers["/tiny.tiktoken"] = _wrong_answers(tiny)[wrong]
    with pytest.raises(VocabularyError) as caught:
        download_vocabulary("tiny", tmp_path / "folder", location=_location(server))
    assert caught.value.code == CODES.get(wrong, "vocabulary_download")
    assert not (tmp_path / "folder").exists()


def test_a_failed_fetch_leaves_the_file_that_was_there(server, tiny, tmp_path):
    (tmp_path / "tiny.tiktoken").write_bytes(tiny)
    server.answers["/tiny.tiktoken"] = (200, 3, b"new")
    with pytest.raises(VocabularyError):
        download_vocabulary("tiny", tmp_path, location=_location(server))
    assert (tmp_path / "tiny.tiktoken").read_bytes() == tiny


@pytest.mark.usefixtures("tiny")
def test_a_server_that_is_not_there_is_an_error(server):
    location = _location(server)
    server.socket.close()
    with pytest.raises(VocabularyError) as caught:
        download_vocabulary("tiny", location=location, timeout=2)
    assert caught.value.code == "vocabulary_download"


@pytest.mark.parametrize(
    "location",
    [
        "http://example.org/",
        "http://127.0.0.1.example.org/",
        "file:///",
        "ftp://127.0.0.1/",
        "",
        "/",
    ],
)
def test_nothing_is_fetched_unprotected_from_another_machine(location):
    with pytest.raises(InvalidInputError) as caught:
        download_vocabulary("o200k_base", location=location)
    assert caught.value.code == "invalid_location"


@pytest.mark.parametrize("name", ["o200k_harmony", "", None, 7, "../x", ["o200k_base"]], ids=repr)
def test_only_public_names_can_be_fetched(name):
    with pytest.raises(VocabularyError) as caught:
        download_vocabulary(name)
    assert caught.value.code == "unknown_encoding"
