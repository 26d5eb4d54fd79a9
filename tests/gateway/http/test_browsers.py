"""Web pages: foreign ones are refused, listed ones are served."""

from __future__ import annotations

import pytest

from tests.gateway.reading import error_of
from tests.gateway.running import CHAT, running

PAGE = "https://app.example"
PATH = "/v1/chat/completions"


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://localhost:1"},
     {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)  # fmt: skip
def test_a_foreign_page_is_refused(gateway, headers):
    answer = gateway.client.post(PATH, json=CHAT, headers=headers)
    assert (answer.status_code, error_of(answer)["code"]) == (403, "origin_not_allowed")
    assert gateway.engine.requests == []


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_the_gateways_own_page_is_served(gateway, site):
    headers = {"origin": gateway.url, "sec-fetch-site": site}
    assert gateway.client.post(PATH, json=CHAT, headers=headers).status_code == 200


@pytest.fixture(scope="module")
def listed():
    with running(allowed_origins=(PAGE,)) as gateway:
        yield gateway


def test_a_listed_page_may_ask_and_read(listed):
    asked = {"origin": PAGE, "access-control-request-method": "POST"}
    before = listed.client.options(PATH, headers=asked)
    assert (before.status_code, before.headers["access-control-allow-origin"]) == (204, PAGE)
    answer = listed.client.post(PATH, json=CHAT, headers={"origin": PAGE})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE)
    wrong = listed.client.post(PATH, json={}, headers={"origin": PAGE})
    assert (wrong.status_code, wrong.headers["access-control-allow-origin"]) == (400, PAGE)


def test_another_page_is_still_refused(listed):
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = listed.client.options(PATH, headers=headers)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_a_key_lets_any_page_in_because_no_page_knows_it():
    key = "known-to-the-page-only-0123"
    with running(keys=[key]) as gateway:
        headers = {"origin": "https://app.example", "authorization": f"Bearer {key}"}
        assert gateway.client.post(PATH, json=CHAT, headers=headers).status_code == 200
