"""A prompt that is too long loses its first rounds where the request allows it, or is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium.openai import RequestError
from tests.growth import grows_linearly
from tests.openai.responses.running import ENCODING, WEATHER, request_of

CALL = {"type": "function_call", "call_id": "c", "name": "get_weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "20"}
ROUNDS = st.lists(
    st.tuples(
        st.text("ab ", min_size=1, max_size=40).map(lambda text: {"role": "user", "content": text}),
        st.sampled_from([[], [CALL, OUTPUT], [{"role": "assistant", "content": "Yes. " * 9}]]),
    ).map(lambda found: [found[0], *found[1]]),
    min_size=1,
    max_size=6,
)


def asked(rounds, **fields):
    items = [item for one in rounds for item in one]
    return request_of(input=items, tools=[WEATHER], instructions="Be brief.", **fields)


def _starts(rounds):
    """Where a round begins: users who speak twice begin one."""
    spoke = [len(one) == 1 for one in rounds]
    return [at for at in range(len(rounds)) if at == 0 or not spoke[at - 1]]


@given(ROUNDS, st.integers(0, 200))
@settings(max_examples=80)
def test_the_longest_rest_that_fits_is_rendered(rounds, room):
    head = len(asked([]).render(ENCODING)) if rounds else 0
    limit = head + room
    rests = [asked(rounds[at:]).render(ENCODING) for at in _starts(rounds)]
    fitting = [rest for rest in rests if len(rest) <= limit]
    request = asked(rounds, truncation="auto")
    if fitting:
        assert request.render(ENCODING, limit=limit) == fitting[0]
    else:
        with pytest.raises(RequestError):
            request.render(ENCODING, limit=limit)


ROUND = [{"role": "user", "content": "How is Paris? " * 9}, CALL, OUTPUT]


def test_without_leave_nothing_is_left_out():
    with pytest.raises(RequestError, match="truncation: auto") as caught:
        asked([ROUND, ROUND]).render(ENCODING, limit=100)
    assert (caught.value.param, caught.value.code) == ("input", "context_length_exceeded")
    assert caught.value.http_status == 400
    whole = asked([ROUND, ROUND]).render(ENCODING)
    assert asked([ROUND, ROUND]).render(ENCODING, limit=len(whole)) == whole


def test_what_is_being_said_is_never_left_out():
    request = asked([ROUND, ROUND], truncation="auto")
    said = request.conversation.messages[-2:]
    found = request.render(ENCODING, limit=len(request.render(ENCODING)), said=said)
    assert found == asked([ROUND]).render(ENCODING, said=said)


def test_cutting_is_nearly_linear_in_the_rounds():
    def cut(size):
        asked([ROUND] * size, truncation="auto").render(ENCODING, limit=300)

    assert grows_linearly(cut, 60, factor=4)
