"""A generation ends once: at a stop id, at its size, or where the server says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.engines import Finish, TokenLogprob
from harmonium.engines.remote.dialect import StreamDelta
from harmonium.engines.termination import StopTracker
from harmonium.errors import EngineProtocolError
from tests.engines.running import asking
from tests.engines.servers import CALL, RETURN, ids_of

IDS = st.lists(st.sampled_from([5, 6, 7, RETURN, CALL, 200_007, 199_999]), max_size=12)


def played(stops, deltas):
    chunks = [chunk for chunk in map(stops.apply, deltas) if chunk is not None]
    return [token for chunk in chunks for token in chunk.token_ids]


def expected(ids, room):
    """The rule, said plainly: up to the first stop id, and never more than there is room for."""
    given_ids = []
    for token in ids[:room]:
        given_ids.append(token)
        if token in {RETURN, CALL}:
            return given_ids, Finish("stop", token)
    return given_ids, Finish("length") if room is not None and len(ids) >= room else None


@given(IDS, st.none() | st.integers(1, 8), st.lists(st.integers(0, 12), max_size=4))
def test_nothing_comes_behind_the_first_stop_id_or_over_the_size(ids, room, cuts):
    ends = [*sorted(cuts), len(ids)]
    pieces = [tuple(ids[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
    stops = StopTracker(asking(max_tokens=room))
    assert (played(stops, map(StreamDelta, pieces)), stops.finish) == expected(ids, room)


@pytest.mark.parametrize(
    ("text", "stop"),
    [
        ("<|channel|>final<|message|>Hi", RETURN),
        ("<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}", CALL),
        (" to=functions.f<|channel|>commentary<|message|>{}", CALL),
        ("<|channel|>commentary to=f<|message|>{}<|end|><|start|>assistant<|message|>x", RETURN),
        ("<|channel|>final<|message|>say to=f", RETURN),
    ],
)
def test_a_stop_id_that_was_left_out_is_inferred(text, stop):
    stops = StopTracker(asking(), infers_stop=True)
    ids = played(stops, [StreamDelta(tuple(ids_of(text))), StreamDelta(reason="stop")])
    assert (ids, stops.finish) == ([*ids_of(text), stop], Finish("stop", stop))


def test_a_header_that_the_prompt_began_counts_for_the_inference():
    prompt = ids_of("<|start|>assistant<|channel|>commentary to=functions.f<|message|>")
    stops = StopTracker(asking(prompt), infers_stop=True)
    assert played(stops, [StreamDelta((5,), reason="stop")]) == [5, CALL]


def test_what_the_server_tells_goes_before_inference():
    stops = StopTracker(asking(), infers_stop=True)
    assert played(stops, [StreamDelta((5,), reason="stop", stop_token=CALL)]) == [5, CALL]


def test_end_of_text_is_an_end_and_nothing_is_appended():
    stops = StopTracker(asking(), infers_stop=True)
    assert played(stops, [StreamDelta((5, 199_999), reason="stop")]) == [5, 199_999]
    assert stops.finish == Finish("stop", 199_999)


@pytest.mark.parametrize("reason", ["length", "abort"])
def test_other_ends_append_nothing(reason):
    stops = StopTracker(asking(), infers_stop=True)
    assert played(stops, [StreamDelta((5,), reason=reason)]) == [5]
    assert stops.finish == Finish(reason)


def test_log_probabilities_that_do_not_match_the_tokens_are_refused():
    stops = StopTracker(asking(logprobs=0))
    with pytest.raises(EngineProtocolError):
        stops.apply(StreamDelta((5, 6), (TokenLogprob(5, -1.0),)))


def test_an_inferred_stop_id_is_certain():
    stops = StopTracker(asking(logprobs=1), infers_stop=True)
    chunk = stops.apply(StreamDelta((5,), (TokenLogprob(5, -1.0),), "stop"))
    assert chunk.logprobs == (TokenLogprob(5, -1.0), TokenLogprob(RETURN, 0.0))
