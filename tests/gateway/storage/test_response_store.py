"""Stored responses: bounded in bytes, the oldest go first, each its owner's alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from harmonium.gateway.storage.response_store import ResponseStore


def response(number, size=0):
    return {"id": f"resp_{number}", "text": "x" * size}


def items(number):
    return [{"id": f"msg_{number}", "type": "message"}]


def size_of(number, size):
    store = ResponseStore(10**6)
    store.put(response(number, size), [], items(number), "0")
    return store.size


@given(
    st.integers(1_000, 8_000),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 400)), max_size=30, unique_by=lambda e: e),
)
def test_what_is_kept_never_takes_more_than_the_bound(limit, puts):
    store, order = ResponseStore(limit), []
    for number, (owner, size) in enumerate(puts):
        store.put(response(number, size), [], items(number), str(owner))
        order.append((number, str(owner)))
        assert store.size <= limit
    kept = [number for number, owner in order if store.get(f"resp_{number}", owner)]
    assert sum(size_of(n, puts[n][1]) for n in kept) == store.size
    fitting = [n for n, (_, size) in enumerate(puts) if size_of(n, size) <= limit]
    assert kept == fitting[len(fitting) - len(kept) :]
    without = [n for n in fitting if n not in kept]
    assert not without or store.size + size_of(without[-1], puts[without[-1]][1]) > limit


def test_text_comes_back_as_it_was_and_as_an_object_of_its_own():
    store = ResponseStore(10_000)
    said = [{"id": "msg_1", "text": "\ud83c caf\u00e9 \U0001f338"}]
    store.put(response(1), said, said, None)
    found = store.get("resp_1", None)
    assert (found.response, found.items) == (response(1), (*said, *said))
    found.response["text"] = found.items[0]["text"] = "changed"
    assert store.get("resp_1", None).items == (*said, *said)
    assert store.item("msg_1", None) == said[0]


def test_an_item_goes_with_its_response():
    store = ResponseStore(10_000)
    store.put(response(1), [], items(1), "mine")
    assert store.item("msg_1", "mine") == items(1)[0]
    assert store.item("msg_1", "theirs") is None
    assert not store.delete("resp_1", "theirs")
    assert store.delete("resp_1", "mine")
    assert store.item("msg_1", "mine") is None
    assert store.size == 0


def test_what_came_before_is_kept_with_what_was_said():
    store = ResponseStore(10_000)
    store.put(response(1), [{"role": "user"}], items(1), None)
    found = store.get("resp_1", None)
    assert (found.items, found.given) == (({"role": "user"}, *items(1)), 1)
