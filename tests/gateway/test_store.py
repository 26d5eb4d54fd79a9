"""Stored responses: bounded in bytes, the oldest go first, each its owner's alone."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from harmonium.gateway.store import ResponseStore


def response(number, size=0):
    return {"id": f"resp_{number}", "text": "x" * size}


def items(number):
    return [{"id": f"msg_{number}", "type": "message"}]


@given(
    st.integers(100, 2_000),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 400)), max_size=30, unique_by=lambda e: e),
)
def test_what_is_kept_never_takes_more_than_the_bound(limit, puts):
    store, order = ResponseStore(limit), []
    for number, (owner, size) in enumerate(puts):
        store.put(response(number, size), [], items(number), str(owner))
        order.append((number, str(owner)))
        assert store.size <= limit
    kept = [number for number, owner in order if store.get(f"resp_{number}", owner)]
    sizes = [len(json.dumps([response(n, puts[n][1]), items(n)])) for n in kept]
    assert sum(sizes) == store.size
    fitting = [n for n, (_, size) in enumerate(puts)
               if len(json.dumps([response(n, size), items(n)])) <= limit]  # fmt: skip
    assert kept == fitting[len(fitting) - len(kept) :]


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
