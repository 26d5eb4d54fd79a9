"""Limits of API keys: no more than a minute's share, whatever the order of requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.errors import InvalidInputError
from harmonium.gateway.admission.key_limits import KeyLimiter
from harmonium.gateway.config.api_keys import KeyRing, parse_key_line
from harmonium.gateway.errors import RefusedError
from tests.gateway.running import CHAT, running

KEY, OTHER, OPERATOR = "limited-key-0123456789", "other-key-0123456789", "operator-key-0123456789"


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def is_let_in(limiter, key, tokens):
    try:
        limiter.begin(key)
    except RefusedError:
        return False
    limiter.end(key, tokens)
    return True


@given(
    st.integers(1, 20),
    st.lists(st.tuples(st.floats(0, 30), st.integers(0, 50)), min_size=1, max_size=60),
)
def test_no_minute_has_more_requests_than_twice_the_limit(limit, steps):
    """A full bucket and what flows into it meanwhile: the most that any minute can have."""
    clock, key = Clock(), parse_key_line(f"{KEY} requests={limit}")
    limiter, times = KeyLimiter(clock=clock), []
    for pause, _ in steps:
        clock.now += pause
        times += [clock.now] if is_let_in(limiter, key, 0) else []
    most = max((sum(begin <= at < begin + 60 for at in times) for begin in times), default=0)
    assert most <= 2 * limit


def test_tokens_used_are_paid_back_before_the_next_request():
    clock, key = Clock(), parse_key_line(f"{KEY} tokens=60")
    limiter = KeyLimiter(clock=clock)
    assert is_let_in(limiter, key, 90)
    assert not is_let_in(limiter, key, 0)
    clock.now = 29.0
    assert not is_let_in(limiter, key, 0)
    clock.now = 31.0
    assert is_let_in(limiter, key, 0)


def test_requests_at_once_are_limited():
    key = parse_key_line(f"{KEY} concurrent=2")
    limiter = KeyLimiter()
    limiter.begin(key)
    limiter.begin(key)
    with pytest.raises(RefusedError, match="2 requests running"):
        limiter.begin(key)
    limiter.end(key, 0)
    limiter.begin(key)


@pytest.mark.parametrize(
    "words",
    [
        "requests=0",
        "requests=x",
        "tokens=-1",
        "expires=soon",
        "name=",
        "name=a/b",
        "operator=1",
        "x",
    ],
)
def test_a_wrong_line_is_an_error_that_quotes_nothing(words):
    with pytest.raises(InvalidInputError) as caught:
        parse_key_line(f"{KEY} {words}")
    assert KEY not in str(caught.value)


def test_a_comment_is_no_part_of_a_key():
    assert parse_key_line(f"{KEY}  # of the night build") == parse_key_line(KEY)
    assert parse_key_line("  # nothing") is None


def test_a_key_can_be_written_as_its_digest():
    key = parse_key_line(KEY)
    assert parse_key_line(f"sha256:{key.owner}") == key


@pytest.fixture(scope="module")
def limited():
    lines = [
        f"{KEY} name=ci requests=2 tokens=100000", OTHER, f"{OPERATOR} operator",
        "expired-key-0123456789 expires=2020-01-01",
    ]  # fmt: skip
    with running(keys=[parse_key_line(line) for line in lines]) as gateway:
        yield gateway


def test_answers_say_what_is_left_and_a_429_when_to_come_back(limited):
    headers = {"authorization": f"Bearer {KEY}"}
    answers = [
        limited.client.post("/v1/chat/completions", json=CHAT, headers=headers) for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    left = [answer.headers["x-ratelimit-remaining-requests"] for answer in answers]
    assert left == ["1", "0", "0"]
    assert answers[2].json()["error"]["code"] == "rate_limit_exceeded"
    assert int(answers[2].headers["retry-after"]) in range(1, 61)
    other = {"authorization": f"Bearer {OTHER}"}
    answer = limited.client.post("/v1/chat/completions", json=CHAT, headers=other)
    assert (answer.status_code, "x-ratelimit-limit-requests" in answer.headers) == (200, False)


def test_the_log_has_the_name_of_the_key(limited):
    headers = {"authorization": f"Bearer {OTHER}", "x-request-id": "named"}
    limited.client.post("/v1/chat/completions", json=CHAT, headers=headers)
    assert limited.record("named").key == KeyRing([OTHER]).label(OTHER)


@pytest.mark.parametrize(
    ("key", "path", "status"),
    [(OPERATOR, "/metrics", 200), (OTHER, "/metrics", 403), (OPERATOR, "/v1/models", 403),
     (OTHER, "/v1/models", 200), ("expired-key-0123456789", "/v1/models", 401)],
)  # fmt: skip
def test_metrics_are_the_operators_and_nothing_else_is(limited, key, path, status):
    answer = limited.client.get(path, headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == status


def test_keys_are_read_again_while_requests_run():
    with running(keys=[KEY]) as gateway:
        gateway.service.load_keys = lambda: KeyRing([OTHER])
        gateway.service.reload_keys()
        found = [
            gateway.client.get("/v1/models", headers={"x-api-key": key}).status_code
            for key in (KEY, OTHER)
        ]
    assert found == [401, 200]


def test_keys_that_cannot_be_read_leave_the_old_ones():
    with running(keys=[KEY]) as gateway:
        gateway.service.load_keys = lambda: KeyRing(["short"])
        gateway.service.reload_keys()
        answer = gateway.client.get("/v1/models", headers={"x-api-key": KEY})
    assert answer.status_code == 200
